"""Groups made by hand: each controller's folder, what a new one inherits, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from virtloom.driver.cgroups import Hierarchy
from virtloom.driver.cgroups.nesting import make, make_for_threads, move, move_thread


@pytest.fixture
def legacy(tmp_path: Path) -> Hierarchy:
    mounts = {name: tmp_path / name for name in ("cpu", "cpuset", "memory")}
    for mount in mounts.values():
        mount.mkdir()
    (mounts["cpuset"] / "cpuset.cpus").write_text("0-3\n")
    return Hierarchy(mounts)


def test_a_group_is_made_below_each_mount(legacy: Hierarchy, tmp_path: Path) -> None:
    make(legacy, "machine/guest", ("cpu", "memory"))
    assert (tmp_path / "cpu/machine/guest").is_dir()
    assert (tmp_path / "memory/machine/guest").is_dir()
    assert not (tmp_path / "cpuset/machine").exists()


def test_a_group_of_a_name_that_is_taken_is_refused(legacy: Hierarchy) -> None:
    make(legacy, "machine/guest")
    with pytest.raises(FileExistsError):
        make(legacy, "machine/guest")


def test_processes_go_everywhere_and_threads_where_threads_count(legacy: Hierarchy, tmp_path: Path) -> None:
    make(legacy, "guest")
    make_for_threads(legacy, "guest/vcpu0")
    make_for_threads(legacy, "guest/vcpu0")  # again is no error
    move(legacy, "guest", 42)
    move_thread(legacy, "guest/vcpu0", 43)
    assert (tmp_path / "memory/guest/cgroup.procs").read_text() == "42"
    assert (tmp_path / "cpuset/guest/vcpu0/tasks").read_text() == "43"
    assert not (tmp_path / "memory/guest/vcpu0").exists()


def test_version_2_passes_controllers_on_and_has_threaded_groups(tmp_path: Path) -> None:
    unified = Hierarchy({}, tmp_path, frozenset({"cpu", "memory"}))
    make(unified, "machine/guest")
    make(unified, "machine/guest/libvirt")
    make_for_threads(unified, "machine/guest/libvirt/vcpu0")
    move_thread(unified, "machine/guest/libvirt/vcpu0", 43)
    assert (tmp_path / "machine/cgroup.subtree_control").read_text() == "+memory"
    assert (tmp_path / "machine/guest/libvirt/vcpu0/cgroup.type").read_text() == "threaded"
    assert (tmp_path / "machine/guest/libvirt/vcpu0/cgroup.threads").read_text() == "43"
