"""Making groups by hand, with groups for single threads in them, in either version of the hierarchy.

In version 1 a group is a folder below each controller's mount; a new one of `cpuset` has nothing until it is given what
its parent has. In version 2 it is one folder, whose parents have to pass each controller on; the groups of threads are
`threaded`, below a group that has all of the guest's processes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from virtloom.driver.cgroups.hierarchy import Hierarchy
from virtloom.errors import ErrorDomain, system_error

THREADED = ("cpu", "cpuacct", "cpuset")  # controllers that tell one thread of a process from another
WHOLE = (*THREADED, "memory", "blkio", "devices")  # what a guest's group is made for (`cgroup_controllers`)
NODES = ("cpuset.cpus", "cpuset.mems")


def make(hierarchy: Hierarchy, path: str, controllers: Collection[str] = WHOLE) -> None:
    """Make a group, and the groups above it that there are not.

    :param path: below each mount, without a slash in front.
    :raises OSError: if the kernel refuses; FileExistsError if there is one of that name.
    """
    for mount in _legacy(hierarchy, controllers):
        _make_legacy(mount, path)
    if _is_unified(hierarchy, controllers) and hierarchy.unified is not None:
        above = hierarchy.unified
        *parents, last = path.split("/")
        for part in parents:
            _pass_on(above, hierarchy)
            above = above / part
            above.mkdir(exist_ok=True)
        _pass_on(above, hierarchy)
        (above / last).mkdir()


def make_for_threads(hierarchy: Hierarchy, path: str) -> None:
    """Make a group for threads of the processes in the group above it; it is no error if it is there.

    :raises OSError: if the kernel refuses.
    """
    for mount in _legacy(hierarchy, THREADED):
        with suppress(FileExistsError):
            _make_legacy(mount, path)
    if _is_unified(hierarchy, THREADED) and hierarchy.unified is not None:
        folder = hierarchy.unified / path
        folder.mkdir(exist_ok=True)
        (folder / "cgroup.type").write_text("threaded")
        for name in ("cpu", "cpuset"):
            with suppress(OSError):
                (folder.parent / "cgroup.subtree_control").write_text(f"+{name}")


def move(hierarchy: Hierarchy, path: str, pid: int, controllers: Collection[str] = WHOLE) -> None:
    """Move a process, with all its threads, into a group.

    :raises VirtError: SYSTEM_ERROR.
    """
    _write(hierarchy, path, controllers, "cgroup.procs", pid)


def move_thread(hierarchy: Hierarchy, path: str, thread: int) -> None:
    """Move one thread into a group for threads.

    :raises VirtError: SYSTEM_ERROR.
    """
    for mount in _legacy(hierarchy, THREADED):
        _put(mount / path / "tasks", thread)
    if _is_unified(hierarchy, THREADED) and hierarchy.unified is not None:
        _put(hierarchy.unified / path / "cgroup.threads", thread)


def _write(hierarchy: Hierarchy, path: str, controllers: Collection[str], file: str, value: int) -> None:
    for mount in _legacy(hierarchy, controllers):
        _put(mount / path / file, value)
    if _is_unified(hierarchy, controllers) and hierarchy.unified is not None:
        _put(hierarchy.unified / path / file, value)


def _put(path: Path, value: int) -> None:
    try:
        path.write_text(str(value))
    except OSError as error:
        raise system_error(error, f"Unable to write to '{path}'", ErrorDomain.CGROUP) from error


def _legacy(hierarchy: Hierarchy, controllers: Collection[str]) -> Iterator[Path]:
    """The mounts of version 1, each once."""
    yield from dict.fromkeys(hierarchy.legacy[name] for name in controllers if name in hierarchy.legacy)


def _is_unified(hierarchy: Hierarchy, controllers: Collection[str]) -> bool:
    names = {"io" if name == "blkio" else name for name in controllers if name not in hierarchy.legacy}
    return bool(names & hierarchy.controllers)


def _make_legacy(mount: Path, path: str) -> None:
    above = mount
    *parents, last = path.split("/")
    for part in parents:
        with suppress(FileExistsError):
            (above / part).mkdir()
        _inherit(above, above / part)
        above = above / part
    (above / last).mkdir()
    _inherit(above, above / last)


def _inherit(above: Path, folder: Path) -> None:
    """Give a new group of `cpuset` what the one above it has."""
    for name in NODES:
        file = folder / name
        if file.exists() and not file.read_text().strip():
            file.write_text((above / name).read_text())


def _pass_on(folder: Path, hierarchy: Hierarchy) -> None:
    for name in ("cpu", "cpuset", "memory", "io"):
        if name in hierarchy.controllers:
            with suppress(OSError):
                (folder / "cgroup.subtree_control").write_text(f"+{name}")
