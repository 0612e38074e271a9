"""What guests do by themselves becomes states and events. Nothing boots: the machine's ports are written by hand."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daemons import eventually, needs

PANIC = "<panic model='isa'/>"
WATCHDOG = "<watchdog model='ib700' action='{action}'/>"
DISK = """<disk type='file' device='disk'>
  <driver name='qemu' type='qcow2'/><source file='{path}'/><target dev='vda' bus='virtio'/>
</disk>"""
BACKEND = "/machine/peripheral/virtio-disk0/virtio-backend"
PANIC_PORT, WATCHDOG_PORT = "0x505 1", "0x443 0xf"  # pvpanic(4) is told; a time of nothing runs out at once


class Listener:
    """`virsh event` on a guest, until it is closed."""

    def __init__(self, uri: str, path: Path) -> None:
        self.path = path
        with path.open("w") as out:
            words = ["virsh", "-c", uri, "event", "--all", "--loop", "--domain", "g"]
            self._process = subprocess.Popen(words, stdout=out, stderr=subprocess.STDOUT)

    def has(self, text: str) -> bool:
        return text in self.path.read_text()

    def close(self) -> None:
        self._process.kill()
        self._process.wait(20)


@pytest.fixture
def listen(host: Any) -> Iterator[Any]:
    made: list[Listener] = []

    def start(devices: str, on_crash: str = "") -> Listener:
        path = host.write("g", devices=devices)
        text = Path(path).read_text().replace("</features>", f"</features>{on_crash}")
        Path(path).write_text(text)
        host.virsh("define", path)
        made.append(Listener(host.virsh.uri, host.root / "events"))
        eventually(lambda: _alive(host, made[0]), "somebody to listen")
        return made[0]

    yield start
    for one in made:
        one.close()


def _alive(host: Any, listener: Listener) -> bool:
    """Whether events are heard: a guest that starts makes some."""
    if "running" not in host.virsh("domstate", "g"):
        host.virsh("start", "g")
        return False
    host.virsh("suspend", "g")
    host.virsh("resume", "g")
    return listener.has("Resumed")


def write_port(host: Any, what: str) -> None:
    host.virsh("qemu-monitor-command", "g", "--hmp", f"o /b {what}")


@pytest.mark.parametrize(
    ("action", "state"),
    [
        ("preserve", "crashed (panicked)"),
        ("destroy", "shut off (crashed)"),
        ("restart", "running (crashed)"),
        ("coredump-destroy", "shut off (crashed)"),
    ],
)
def test_a_panic_is_followed_by_what_the_definition_says(host: Any, listen: Any, action: str, state: str) -> None:
    events = listen(PANIC, f"<on_crash>{action}</on_crash>")
    write_port(host, PANIC_PORT)
    eventually(lambda: host.virsh("domstate", "g", "--reason") == state, f"the guest to be {state}")
    eventually(lambda: events.has("Crashed Panicked"), "the crash to be told")
    cores = list((host.root / "lib" / "qemu" / "dump").glob("*-g-*"))
    assert len(cores) == (1 if action.startswith("coredump") else 0)


def test_a_watchdog_pauses_the_guest_and_says_so(host: Any, listen: Any) -> None:
    events = listen(WATCHDOG.format(action="pause"))
    write_port(host, WATCHDOG_PORT)
    eventually(lambda: host.virsh("domstate", "g", "--reason") == "paused (watchdog)", "the guest to be paused")
    eventually(lambda: events.has("event 'watchdog' for domain 'g': pause"), "the watchdog's event")
    assert events.has("Suspended Watchdog")
    host.virsh("resume", "g")


def test_a_watchdog_writes_a_core_and_the_guest_goes_on(host: Any, listen: Any) -> None:
    listen(WATCHDOG.format(action="dump"))
    write_port(host, WATCHDOG_PORT)
    folder = host.root / "lib" / "qemu" / "dump"
    eventually(lambda: any(folder.glob("*-g-*")), "the core")
    eventually(lambda: host.virsh("domstate", "g") == "running", "the guest to go on")


def test_more_is_written_than_somebody_wanted_to_know_of(host: Any, listen: Any) -> None:
    needs("qemu-img", "qemu-utils")
    image = host.root / "g.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", str(image), "16M"], check=True)
    events = listen(DISK.format(path=image))
    host.virsh("domblkthreshold", "g", "vda", "1048576")
    assert "failed to find disk" in host.virsh.fails("domblkthreshold", "g", "vdq", "1")
    assert "failed to find disk" in host.virsh.fails("domblkthreshold", "g", "vda[9]", "1")
    host.virsh("qemu-monitor-command", "g", "--hmp", f'qemu-io -d {BACKEND} "write 0 4M"')
    eventually(lambda: events.has("dev: vda("), "the event of the threshold")
    assert events.has("dev: vda[1]")
