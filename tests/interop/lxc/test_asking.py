"""What a container's init is asked: to stop or to boot again, through its pipe or by a signal, and to take a signal."""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from asking import heard, listen, state

from containers import script
from daemons import Virsh, eventually

Define = Callable[..., None]

# An init of the System V kind, as far as its pipe goes: what it is told is kept, and a second word is waited for.
# It holds its pipe open as the real one does: what is written while no reader has it would be lost.
INIT = """mkdir -p /run; busybox mkfifo {pipe}; exec 3<>{pipe}
trap 'echo TERM >>/tmp/signals' TERM; trap 'echo HUP >>/tmp/signals' HUP
touch /tmp/ready
while true; do busybox dd bs=384 count=1 of=/tmp/request.new <&3 2>/dev/null && mv /tmp/request.new /tmp/request
done"""
REQUEST = 384  # bytes of a request (initreq.h)
MAGIC = 0x03091969


@pytest.fixture(params=["/run/initctl", "/dev/initctl"])
def pipe(request: pytest.FixtureRequest, lxc: Virsh, define: Define, name: str, root: Path) -> str:
    """A container that runs, whose init has a pipe at this place."""
    (root / "bin" / "mv").symlink_to("busybox")
    (root / "bin" / "touch").symlink_to("busybox")
    define(script(root, INIT.format(pipe=request.param)))
    lxc("start", name)
    eventually((root / "tmp" / "ready").exists, "init to be ready")
    return str(request.param)


def told(root: Path) -> tuple[int, int, int]:
    """What init was told: the magic number, the command, the runlevel."""
    request = root / "tmp" / "request"
    eventually(lambda: request.exists() and request.stat().st_size >= REQUEST, "init to be told")
    data = request.read_bytes()
    request.unlink()
    assert len(data) == REQUEST
    magic, command, level, _ = struct.unpack("=iiii", data[:16])
    return magic, command, level


def test_init_is_told_its_runlevel_through_its_pipe(lxc: Virsh, name: str, root: Path, pipe: str) -> None:
    lxc("shutdown", name, "--mode", "initctl")
    assert told(root) == (MAGIC, 1, ord("0"))
    lxc("reboot", name, "--mode", "initctl")
    assert told(root) == (MAGIC, 1, ord("6"))
    lxc("shutdown", name)
    assert told(root) == (MAGIC, 1, ord("0"))
    assert not (root / "tmp" / "signals").exists(), "an init with a pipe gets no signal beside"
    assert state(lxc, name) == "running (booted)"


def test_a_signal_is_sent_where_one_is_asked_for(lxc: Virsh, define: Define, name: str, root: Path) -> None:
    define(script(root, "trap 'echo TERM >>/tmp/signals' TERM; trap 'echo HUP >>/tmp/signals' HUP; echo >/tmp/ready\n"
                        "while true; do sleep 0.1; done"))  # fmt: skip
    lxc("start", name)
    eventually((root / "tmp" / "ready").exists, "init to be ready")
    signals = root / "tmp" / "signals"
    lxc("shutdown", name, "--mode", "signal")
    eventually(lambda: signals.exists() and signals.read_text() == "TERM\n", "the signal to end")
    lxc("reboot", name, "--mode", "signal")
    eventually(lambda: signals.read_text() == "TERM\nHUP\n", "the signal to boot again")
    lxc("shutdown", name)
    eventually(lambda: signals.read_text() == "TERM\nHUP\nTERM\n", "a signal, since there is no pipe")
    lxc("send-process-signal", name, "1", "hup")
    eventually(lambda: signals.read_text() == "TERM\nHUP\nTERM\nHUP\n", "the signal that was asked for")
    assert "Only the init process may be killed" in lxc.fails("send-process-signal", name, "2", "hup")


def test_a_signal_that_was_asked_for_is_no_crash(lxc: Virsh, define: Define, name: str, root: Path) -> None:
    define(script(root, "sleep 1000"))
    lxc("start", name)
    events = listen(lxc, name)
    lxc("send-process-signal", name, "1", "kill")
    eventually(lambda: state(lxc, name) == "shut off (shutdown)", "the container to end")
    assert "Stopped Shutdown" in heard(events)
