"""Hosts with control groups of one version alone: the daemon is put in a place where the other's mounts are hidden.

Where the host's controllers belong to version 1, version 2 has none: processes are counted, stopped and kept from
devices through it, and limits are refused or, if the configuration says so, not kept.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from asking import inside, state

from containers import container_xml, script
from daemons import CONFIG, Daemon, Virsh, eventually, needs

PRIVATE = "mount --make-rprivate / && "
HIDING = {
    2: PRIVATE + 'umount -l /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup && exec "$@"',
    1: PRIVATE + 'umount -l /sys/fs/cgroup/unified && exec "$@"',
}
WITHOUT_LIMITS = CONFIG + "[driver.lxc]\nrequire_limits = false\n"


def host_with(version: int, scratch: Path, config: str = CONFIG) -> Daemon:
    """A daemon that sees one version alone."""
    if version == 1 and not Path("/sys/fs/cgroup/unified/cgroup.procs").exists():
        pytest.skip("this host has no control groups of version 1 beside those of version 2")
    unshare = needs("unshare", "util-linux")
    return Daemon(scratch, config, inside=[unshare, "--mount", "sh", "-c", HIDING[version], "-"])


@pytest.fixture(params=[1, 2])
def alone(request: pytest.FixtureRequest, scratch: Path) -> Iterator[tuple[int, Daemon]]:
    running = host_with(request.param, scratch, WITHOUT_LIMITS)
    yield request.param, running
    running.stop()


def test_a_container_lives_is_counted_and_kept_from_devices(
    alone: tuple[int, Daemon], scratch: Path, root: Path
) -> None:
    version, daemon = alone
    lxc, name, path = Virsh(daemon.uri("lxc", "/system")), f"vtv{os.getpid()}", scratch / "guest.xml"
    os.mknod(root / "tmp" / "kmsg", stat.S_IFCHR | 0o600, os.makedev(1, 11))
    init = script(root, "cat /tmp/kmsg 2>/tmp/denied; n=0; while true; do n=$((n+1)); echo $n >/tmp/n; done")
    path.write_text(container_xml(name, root, init))
    lxc("create", str(path))
    try:
        groups = Path(f"/proc/{lxc('domid', name)}/cgroup").read_text()
        assert (f"0::/machine/lxc-{name}" in groups) == (version == 2)
        assert (f":memory:/machine/lxc-{name}" in groups) == (version == 1)
        eventually((root / "tmp" / "n").exists, "the container to count")
        lxc("suspend", name)
        assert state(lxc, name) == "paused (user)"
        frozen = (root / "tmp" / "n").read_text()
        assert (root / "tmp" / "n").read_text() == frozen
        lxc("resume", name)
        eventually(lambda: (root / "tmp" / "n").read_text() not in (frozen, ""), "it to count on")
        assert "cpu_time" in lxc("cpu-stats", name, "--total")
        assert int(dict(_numbers(lxc, name))["cpu.time"]) > 0
        assert "Operation not permitted" in (root / "tmp" / "denied").read_text()
        device = scratch / "device.xml"
        device.write_text("<hostdev mode='capabilities' type='misc'><source><char>/dev/kmsg</char></source></hostdev>")
        lxc("attach-device", name, str(device), "--live")
        inside(lxc, name, "/bin/busybox", "head", "-c", "0", "/dev/kmsg")
        lxc("detach-device", name, str(device), "--live")
        if version == 2:
            assert "cgroup memory controller is not mounted" in lxc.fails("memtune", name)
        else:
            assert "hard_limit     : 65536" in lxc("memtune", name)
    finally:
        lxc("destroy", name)
    assert not [folder for folder, _, _ in os.walk("/sys/fs/cgroup") if name in folder]  # it passes over what goes


def _numbers(lxc: Virsh, name: str) -> Iterator[list[str]]:
    return (line.strip().split("=", 1) for line in lxc("domstats", name).splitlines() if "=" in line)


def test_a_limit_that_the_host_cannot_keep_is_refused_before_anything_is_made(scratch: Path, root: Path) -> None:
    daemon = host_with(2, scratch)
    try:
        if "memory" in Path("/sys/fs/cgroup/cgroup.controllers").read_text():
            pytest.skip("this host keeps limits through version 2")
    except FileNotFoundError:
        pass  # version 1 has them
    try:
        lxc, path = Virsh(daemon.uri("lxc", "/system")), scratch / "guest.xml"
        path.write_text(container_xml("vtlimited", root))
        assert "Unable to find 'memory' cgroups controller mount" in lxc.fails("create", str(path))
        assert "vtlimited" not in lxc("list", "--all")
        assert not list((scratch / "run" / "lxc").glob("containers/*"))
    finally:
        daemon.stop()
