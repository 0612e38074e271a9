"""Where control groups are mounted, as /proc/mounts tells: version 1, version 2 and both."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from virtloom.driver.cgroups.hierarchy import parse

CONTROLLERS = ("memory", "cpu", "cpuacct", "cpuset", "blkio", "devices", "freezer", "pids")
V1 = "cgroup /sys/fs/cgroup/{place} cgroup rw,nosuid,nodev,noexec,relatime,{names} 0 0\n"
V2 = "cgroup2 {place} cgroup2 rw,nosuid,nodev,noexec,relatime 0 0\n"


def test_controllers_that_share_a_mount() -> None:
    found = parse(V1.format(place="cpu,cpuacct", names="cpu,cpuacct"))
    assert found.version("cpu") == found.version("cpuacct") == 1
    assert found.mounts() == (Path("/sys/fs/cgroup/cpu,cpuacct"),)


def test_the_hybrid_hierarchy_has_both() -> None:
    found = parse(V1.format(place="memory", names="memory") + V2.format(place="/sys/fs/cgroup/unified"))
    assert (found.version("memory"), found.version("cpu")) == (1, 0)
    assert found.unified == Path("/sys/fs/cgroup/unified")
    assert found.version("freezer") == 2


def test_the_named_hierarchy_of_systemd_is_known() -> None:
    text = V1.format(place="systemd", names="xattr,name=systemd")
    assert parse(text).legacy == {"systemd": Path("/sys/fs/cgroup/systemd")}


@given(st.lists(st.sampled_from(CONTROLLERS), unique=True), st.booleans(), st.randoms())
def test_each_controller_is_found_where_it_is_mounted(names: list[str], both: bool, chance: object) -> None:
    mounts = [V1.format(place=name, names=name) for name in names]
    mounts += [V2.format(place="/two")] if both else []
    mounts += ["proc /proc proc rw 0 0\n", "tmpfs /a\\040b tmpfs rw 0 0\n"]
    chance.shuffle(mounts)  # type: ignore[attr-defined]
    found = parse("".join(mounts))
    assert found.legacy == {name: Path(f"/sys/fs/cgroup/{name}") for name in names}
    assert (found.unified is not None) is both
