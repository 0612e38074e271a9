"""A daemon that is killed loses no container, and leaves nothing half made."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from asking import Pair, Terminal, inside, state

from containers import container_xml, leftovers, links, script, unique
from daemons import eventually, needs


@pytest.fixture
def pair(scratch: Path) -> Iterator[Pair]:
    made = Pair(scratch)
    yield made
    log = made.daemon.stop()
    assert "LockViolation" not in log, log


@pytest.fixture
def own(pair: Pair, scratch: Path, root: Path) -> Iterator[str]:
    name, before = unique("k"), links()
    yield name
    pair.lxc.run("destroy", name)
    assert leftovers(name, root) == []
    assert links() - before == set()


def test_a_container_its_console_and_its_interfaces_outlive_the_daemon(
    pair: Pair, scratch: Path, root: Path, own: str
) -> None:
    bridge, ip = unique("bk"), needs("ip", "iproute2")
    subprocess.run([ip, "link", "add", bridge, "type", "bridge"], check=True, timeout=10)
    try:
        path = scratch / "guest.xml"
        card = f"<interface type='bridge'><source bridge='{bridge}'/><mac address='52:54:00:4c:59:01'/></interface>"
        path.write_text(container_xml(own, root, devices=card))
        pair.lxc("create", str(path))
        number, before = pair.lxc("domid", own), pair.lxc("dumpxml", own)
        pair.kill()
        pair.start()
        assert pair.lxc("domid", own) == number
        assert pair.lxc("dumpxml", own) == before
        assert state(pair.lxc, own) == "running (booted)"
        console = Terminal(pair.lxc, own)
        console.say("echo it is $((6*7))")
        console.expect("it is 42")
        console.leave()
        assert "52:54:00:4c:59:01" in pair.lxc("domiflist", own)
        pair.lxc("destroy", own)
    finally:
        subprocess.run([ip, "link", "del", bridge], check=True, timeout=10)


def test_a_paused_container_is_found_paused(pair: Pair, scratch: Path, root: Path, own: str) -> None:
    path = scratch / "guest.xml"
    path.write_text(container_xml(own, root))
    pair.lxc("create", str(path))
    pair.lxc("suspend", own)
    pair.kill()
    pair.start()
    assert state(pair.lxc, own) == "paused (user)"
    pair.lxc("resume", own)


def test_one_that_ended_meanwhile_is_found_ended(pair: Pair, scratch: Path, root: Path, own: str) -> None:
    path = scratch / "guest.xml"
    path.write_text(container_xml(own, root, script(root, "while [ ! -e /tmp/end ]; do sleep 0.1; done")))
    pair.lxc("define", str(path))
    pair.lxc("start", own)
    pair.kill()
    (root / "tmp" / "end").touch()
    eventually(lambda: not any(one.startswith("/proc/") for one in leftovers(own)), "it to end without a daemon")
    pair.start()
    eventually(lambda: state(pair.lxc, own).startswith("shut off"), "its end to be seen")
    pair.lxc("start", own)


@pytest.mark.parametrize("after", [0.0, 0.02, 0.05, 0.08, 0.15])
def test_a_crash_in_the_middle_of_a_start_leaves_a_container_or_nothing(
    pair: Pair, scratch: Path, root: Path, own: str, after: float
) -> None:
    bridge, ip, before = unique("bc"), needs("ip", "iproute2"), links()
    subprocess.run([ip, "link", "add", bridge, "type", "bridge"], check=True, timeout=10)
    try:
        path = scratch / "guest.xml"
        path.write_text(
            container_xml(own, root, devices=f"<interface type='bridge'><source bridge='{bridge}'/></interface>")
        )
        pair.lxc("define", str(path))
        program = needs("virsh", "libvirt-clients")
        starting = subprocess.Popen([program, "-c", pair.lxc.uri, "start", own], stderr=subprocess.DEVNULL)
        time.sleep(0.03 + after)
        pair.kill()
        starting.wait(30)
        pair.start()
        if state(pair.lxc, own).startswith("running"):
            assert inside(pair.lxc, own, "/bin/hostname") == own
            pair.lxc("destroy", own)
        assert leftovers(own, root) == []
        assert links() - before == set()
        pair.lxc("start", own)
        pair.lxc("destroy", own)
    finally:
        subprocess.run([ip, "link", "del", bridge], check=True, timeout=10)


def test_what_is_marked_is_started_with_the_first_daemon_after_the_hosts_start(
    pair: Pair, scratch: Path, root: Path, own: str
) -> None:
    path = scratch / "guest.xml"
    path.write_text(container_xml(own, root))
    pair.lxc("define", str(path))
    pair.lxc("autostart", own)
    pair.kill()
    (scratch / "run" / "lxc" / "autostarted").unlink()  # the host starts anew, and forgets /run
    pair.start()
    eventually(lambda: state(pair.lxc, own) == "running (booted)", "the container to be started")
    pair.lxc("autostart", own, "--disable")


def test_a_container_without_its_controller_is_ended(pair: Pair, scratch: Path, root: Path, own: str) -> None:
    path = scratch / "guest.xml"
    path.write_text(container_xml(own, root))
    pair.lxc("create", str(path))
    controllers = [
        int(entry.name)
        for entry in Path("/proc").glob("[0-9]*")
        if (entry / "cmdline").exists()
        and b"container.controller" in (words := (entry / "cmdline").read_bytes())
        and str(scratch).encode() in words
    ]
    for pid in controllers:
        subprocess.run(["kill", "-9", str(pid)], check=True)
    assert controllers
    eventually(lambda: own not in pair.lxc("list", "--all", "--name"), "the container to be given up")
