"""Containers of a daemon of the test's own, of which nothing may be left over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from containers import busybox_root, container_xml, leftovers, links, require_containers, unique
from daemons import Daemon, Virsh

Define = Callable[..., None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One after the other: each looks for links that are left over on the host."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("containers"))


@pytest.fixture(autouse=True)
def _containers() -> None:
    require_containers()


@pytest.fixture
def root(scratch: Path) -> Path:
    """A root file system of busybox."""
    return busybox_root(scratch / "root")


@pytest.fixture
def lxc(daemon: Daemon) -> Virsh:
    """virsh, connected to the daemon's containers."""
    return Virsh(daemon.uri("lxc", "/system"))


@pytest.fixture
def name(daemon: Daemon, lxc: Virsh, root: Path) -> Iterator[str]:
    """The name of the test's container."""
    own, before = unique("a"), links()
    yield own
    lxc.run("destroy", own)
    lxc.run("undefine", own)
    assert leftovers(own, root) == []
    assert {link for link in links() - before if link.startswith("vnet")} == set()


@pytest.fixture
def define(lxc: Virsh, scratch: Path, root: Path, name: str) -> Define:
    """Defines the test's container; its arguments are those of `container_xml`."""

    def make(init: str = "/bin/sh", **more: object) -> None:
        path = scratch / "guest.xml"
        path.write_text(container_xml(name, root, init, **more))  # type: ignore[arg-type]
        lxc("define", str(path))

    return make
