"""What virsh tells of a container's use of the host."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from asking import interface

from containers import script
from daemons import Virsh, needs

Define = Callable[..., None]


def stats(lxc: Virsh, *words: str) -> dict[str, str]:
    """The numbers of one domain, from bulk statistics."""
    lines = (line.strip() for line in lxc("domstats", *words).splitlines())
    return dict(line.split("=", 1) for line in lines if "=" in line)


@pytest.fixture
def loop(scratch: Path) -> Iterator[str]:
    """A block device of 8 MiB."""
    losetup, image = needs("losetup", "util-linux"), scratch / "disk"
    image.write_bytes(bytes(8 << 20))
    device = subprocess.run([losetup, "--find", "--show", str(image)], capture_output=True, text=True, check=True)
    yield device.stdout.strip()
    subprocess.run([losetup, "--detach", device.stdout.strip()], check=True)


def test_bulk_statistics_of_a_container_that_runs(
    lxc: Virsh, define: Define, name: str, root: Path, bridge: str, loop: str
) -> None:
    disk = f"<disk type='block' device='disk'><source dev='{loop}'/><target dev='vdb' bus='virtio'/></disk>"
    define(script(root, "read x </dev/vdb; sleep 1000"), devices=interface(bridge, 1) + disk)
    stopped = stats(lxc, name)
    assert stopped["state.state"] == "5"
    assert stopped["balloon.maximum"] == "65536"
    assert "cpu.time" not in stopped
    lxc("start", name)
    told = stats(lxc, name)
    assert told["state.state"] == "1"
    assert int(told["cpu.time"]) > 0
    assert 0 < int(told["balloon.rss"]) < 65536
    assert int(told["balloon.minor_fault"]) > 0
    assert told["vcpu.current"] == "1"
    assert told["net.count"] == "1"
    assert told["net.0.name"].startswith("vnet")
    assert told["block.0.name"] == "vdb"
    assert told["block.0.path"] == loop
    assert told["block.0.capacity"] == str(8 << 20)


def test_groups_and_domains_are_chosen(lxc: Virsh, define: Define, name: str) -> None:
    define()
    lxc("start", name)
    assert set(stats(lxc, name, "--state")) == {"state.state", "state.reason"}
    assert set(stats(lxc, "--balloon", "--list-active")) >= {"balloon.current", "balloon.rss"}
    assert name not in lxc("domstats", "--list-inactive")
    refused = lxc.fails("domstats", name, "--perf", "--enforce")
    assert "Stats types bits 0x40 are not supported by this daemon" in refused
    assert stats(lxc, name, "--perf") == {}


def test_processor_time_and_memory_by_themselves(lxc: Virsh, define: Define, name: str, root: Path) -> None:
    define(script(root, "n=0; while [ $n -lt 20000 ]; do n=$((n+1)); done; sleep 1000"))
    lxc("start", name)
    total = lxc("cpu-stats", name, "--total")
    assert "cpu_time" in total
    assert "user_time" in total
    assert "CPU0:" in lxc("cpu-stats", name, "--start", "0", "--count", "1")
    memory = dict(line.split() for line in lxc("dommemstat", name).splitlines())
    assert memory["actual"] == "65536"
    assert 0 < int(memory["rss"]) < 65536


def test_limits_of_disks_are_told_whole(lxc: Virsh, define: Define, name: str) -> None:
    define(more="<blkiotune><weight>300</weight></blkiotune>")
    lxc("blkiotune", name, "--device-write-bytes-sec", "/dev/null,1000", "--config")
    told = {line.split(":")[0].strip(): line.split(":")[1].strip() for line in lxc("blkiotune", name).splitlines()}
    assert list(told) == [
        "weight", "device_weight", "device_read_iops_sec", "device_write_iops_sec", "device_read_bytes_sec",
        "device_write_bytes_sec",
    ]  # fmt: skip
    assert (told["weight"], told["device_write_bytes_sec"]) == ("300", "/dev/null,1000")
