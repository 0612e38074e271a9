"""The agent that Debian has, in a guest that runs: asked by virsh, silent, and found again by another daemon."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from booted import BOOT_WITHIN, READY, console, initrd, kernel, program

from daemons import eventually, needs

CHANNEL = "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"
SHUTDOWN = b"#!/bin/sh\npoweroff -f\n"
NAME = "org.qemu.guest_agent.0"
START = (
    "mkdir -p /run; hostname inside",
    f"cd /sys/class/virtio-ports; for p in *; do [ $(cat $p/name) = {NAME} ] && ln -s /dev/$p /run/port; done",
    "(qemu-ga -m virtio-serial -p /run/port -t /run >/dev/null 2>&1 &)",
)


@pytest.fixture
def guest(host: Any) -> Any:
    """A guest `g` that has booted, with its agent started; what runs a command in its shell."""
    agent = Path(needs("qemu-ga", "qemu-guest-agent"))
    more = [*program(agent), ("sbin", 0o40755, b""), ("sbin/shutdown", 0o100755, SHUTDOWN)]
    image = initrd(host.root / "initrd", more, ["char/virtio_console"])
    start = f"<kernel>{kernel()}</kernel><initrd>{image}</initrd><cmdline>console=ttyS0 quiet</cmdline>"
    host.virsh("define", host.write("g", memory=160, os=start, devices=CHANNEL))
    host.virsh("start", "g", "--paused")
    assert "state='disconnected'" in host.virsh("dumpxml", "g")
    assert "QEMU guest agent is not connected" in _refused(host, "resume")

    def ask(command: str) -> str:
        with console(host.virsh.uri, "g") as end:
            return end.ask(command)

    with console(host.virsh.uri, "g") as end:
        end.wait(READY, BOOT_WITHIN)
    for line in START:
        ask(line)
    eventually(lambda: "state='connected'" in host.virsh("dumpxml", "g"), "the agent to open its channel", 120)
    eventually(lambda: host.virsh.run("domtime", "g").returncode == 0, "the agent to answer", 120)
    return ask


def _refused(host: Any, first: str) -> str:
    """What is said of an agent that is not there, once the guest runs."""
    host.virsh(first, "g")
    text: str = host.virsh.fails("domtime", "g")
    return text


def test_an_agent_is_asked_is_silent_answers_late_and_ends_its_guest(host: Any, guest: Any) -> None:
    virsh = host.virsh
    assert virsh("domhostname", "g", "--source", "agent") == "inside"
    assert "os.kernel-release" in virsh("guestinfo", "g")
    assert "online" in virsh("guestvcpus", "g")
    assert virsh("domfsfreeze", "g").startswith("Froze")
    assert virsh("domfsthaw", "g").startswith("Thawed")
    assert '"return":{}' in virsh("qemu-agent-command", "g", '{"execute":"guest-ping"}')
    assert "unable to execute QEMU agent command" in virsh.fails("qemu-agent-command", "g", '{"execute":"nothing"}')

    host.crash()
    assert virsh("domtime", "g").startswith("Time:")

    guest("kill -STOP $(pidof qemu-ga)")
    virsh("guest-agent-timeout", "g", "--timeout", "1")
    assert "Guest agent not available for now" in virsh.fails("domtime", "g")
    virsh("suspend", "g")  # whatever the agent does, the monitor is free
    virsh("resume", "g")
    guest("kill -CONT $(pidof qemu-ga)")  # what it says now, nobody waits for
    assert guest("echo lives") == "lives"
    virsh("guest-agent-timeout", "g", "--timeout", "-1")
    eventually(lambda: virsh.run("domtime", "g").returncode == 0, "the agent to answer again", 120)

    virsh("shutdown", "g", "--mode", "agent")
    eventually(lambda: virsh("domstate", "g") == "shut off", "the guest to be off", 120)
