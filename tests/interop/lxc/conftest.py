"""Containers of a daemon of the test's own, of which nothing may be left over."""

from __future__ import annotations

import fcntl
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from asking import interface

from containers import busybox_root, container_xml, leftovers, links, require_containers, script, unique
from daemons import Daemon, Virsh, needs

Define = Callable[..., None]


LINKING = {"test_crashes", "test_crowd", "test_interfaces", "test_network", "test_recovery", "test_sharing"}


@pytest.fixture
def makes_links(request: pytest.FixtureRequest) -> bool:
    """Whether a test makes links on the host, of which it then looks for some that are left over."""
    return request.module.__name__.rpartition(".")[2] in LINKING or bool({"bridge", "link"} & set(request.fixturenames))


@pytest.fixture(autouse=True)
def _containers(makes_links: bool) -> Iterator[None]:
    """A test that makes links has the host to itself, also among several processes; others run beside each other."""
    require_containers()
    with (Path(tempfile.gettempdir()) / "virtloom-container-tests.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX if makes_links else fcntl.LOCK_SH)
        yield


@pytest.fixture
def root(scratch: Path) -> Path:
    """A root file system of busybox."""
    return busybox_root(scratch / "root")


@pytest.fixture
def lxc(daemon: Daemon) -> Virsh:
    """virsh, connected to the daemon's containers."""
    return Virsh(daemon.uri("lxc", "/system"))


@pytest.fixture
def name(daemon: Daemon, lxc: Virsh, root: Path, makes_links: bool) -> Iterator[str]:
    """The name of the test's container."""
    own, before = unique("a"), links()
    yield own
    lxc.run("destroy", own)
    lxc.run("undefine", own)
    assert leftovers(own, root) == []
    assert not makes_links or links() - before == set()


@pytest.fixture
def define(lxc: Virsh, scratch: Path, root: Path, name: str) -> Define:
    """Defines the test's container; its arguments are those of `container_xml`."""

    def make(init: str = "/bin/sh", **more: object) -> None:
        path = scratch / "guest.xml"
        path.write_text(container_xml(name, root, init, **more))  # type: ignore[arg-type]
        lxc("define", str(path))

    return make


@pytest.fixture
def bridge() -> Iterator[str]:
    """A bridge of the test's own."""
    ip, name = needs("ip", "iproute2"), unique("br")
    subprocess.run([ip, "link", "add", name, "type", "bridge"], check=True, timeout=10)
    subprocess.run([ip, "link", "set", name, "up"], check=True, timeout=10)
    yield name
    subprocess.run([ip, "link", "del", name], check=True, timeout=10)


@pytest.fixture
def pair(lxc: Virsh, scratch: Path, root: Path, bridge: str) -> Iterator[tuple[str, str]]:
    """Two containers on the bridge."""
    names, before = (unique("n"), unique("m")), links()
    other = busybox_root(scratch / "other")
    for number, (name, place) in enumerate(zip(names, (root, other), strict=True), 1):
        path = scratch / f"{name}.xml"
        init = script(place, "sleep 1000")
        path.write_text(container_xml(name, place, init, devices=interface(bridge, number)))
        lxc("create", str(path))
    yield names
    for name in names:
        lxc("destroy", name)
        assert leftovers(name) == []
    assert links() - before == set()
