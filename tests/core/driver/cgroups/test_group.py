"""A control group by names that hide its version: what is asked and set is the same through either."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from virtloom.driver.cgroups import Group, Hierarchy, blkio, files
from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.domain.tunables import UNLIMITED

LEGACY = {
    "memory/memory.limit_in_bytes": "67108864\n",
    "memory/memory.soft_limit_in_bytes": "9223372036854771712\n",
    "memory/memory.usage_in_bytes": "4096000\n",
    "memory/memory.stat": "cache 0\ntotal_cache 8192\ntotal_pgfault 7\ntotal_pgmajfault 2\n",
    "cpu/cpu.shares": "512\n",
    "cpu/cpu.cfs_period_us": "100000\n",
    "cpu/cpu.cfs_quota_us": "-1\n",
    "cpuacct/cpuacct.usage": "5000000\n",
    "cpuacct/cpuacct.stat": "user 3\nsystem 1\n",
    "blkio/blkio.bfq.weight": "300\n",
    "blkio/blkio.throttle.io_service_bytes": "1:3 Read 100\n1:3 Write 200\n8:0 Read 7\n8:0 Write 0\nTotal 307\n",
    "blkio/blkio.throttle.io_serviced": "1:3 Read 1\n1:3 Write 2\n8:0 Read 1\n8:0 Write 0\nTotal 4\n",
}
UNIFIED = {
    "memory.max": "67108864\n",
    "memory.high": "max\n",
    "memory.current": "4096000\n",
    "memory.stat": "anon 1\nfile 8192\npgfault 7\npgmajfault 2\n",
    "cpu.weight": "512\n",
    "cpu.max": "max 100000\n",
    "cpu.stat": "usage_usec 5000\nuser_usec 30000\nsystem_usec 10000\n",
    "io.bfq.weight": "default 300\n",
    "io.max": "",
    "io.stat": "1:3 rbytes=100 wbytes=200 rios=1 wios=2 dbytes=0 dios=0\n8:0 rbytes=7 wbytes=0 rios=1 wios=0\n",
}
CONTROLLERS = frozenset({"memory", "cpu", "io", "cpuset"})


@pytest.fixture(params=[1, 2])
def group(request: pytest.FixtureRequest, tmp_path: Path) -> Group:
    legacy = request.param == 1
    for name, text in (LEGACY if legacy else UNIFIED).items():
        controller, _, file = name.rpartition("/")
        path = tmp_path / controller / "group" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    if legacy:
        return Group(Hierarchy({name.partition("/")[0]: tmp_path / name.partition("/")[0] for name in LEGACY}), "group")
    return Group(Hierarchy({}, tmp_path, CONTROLLERS), "group")


def test_memory(group: Group) -> None:
    assert group.limit(files.MEMORY) == 65536
    assert group.limit(files.MEMORY_SOFT) == UNLIMITED
    assert group.usage(files.MEMORY_USAGE) == 4000
    assert group.memory_stat() == {"cache": 8, "pgfault": 7, "pgmajfault": 2}
    group.set_limit(files.MEMORY, 1024)
    assert group.limit(files.MEMORY) == 1024
    group.set_limit(files.MEMORY, UNLIMITED)
    assert group.read(files.MEMORY) in ("-1", "max")


def test_processor_time(group: Group) -> None:
    assert group.bandwidth() == (100000, -1)
    group.set_bandwidth(quota=50000)
    assert group.bandwidth() == (100000, 50000)
    group.set_bandwidth(period=20000)
    assert group.bandwidth() == (20000, 50000)
    group.set_bandwidth(quota=-1)
    assert group.bandwidth() == (20000, -1)
    assert group.cpu_time() == 5_000_000
    assert group.cpu_times() == (30_000_000, 10_000_000)


def test_what_was_read_and_written(group: Group) -> None:
    assert group.io_served("/dev/null") == (100, 200, 1, 2)
    assert group.io_served(None) == (107, 200, 2, 2)


def test_weights_and_rates_of_devices_in_each_versions_words(group: Group) -> None:
    assert group.read(blkio.weight_file(group)).endswith("300")
    legacy = group.version("blkio") == 1
    file, text = blkio.device_setting(group, "/dev/null", "write_iops_sec", 9)
    assert (file.legacy or file.unified, text) == (
        ("blkio.throttle.write_iops_device", "1:3 9") if legacy else ("io.max", "1:3 wiops=9")
    )
    _, text = blkio.device_setting(group, "/dev/null", "read_bytes_sec", 0)
    assert text == ("1:3 0" if legacy else "1:3 rbps=max")


def test_a_weight_of_a_device_needs_a_scheduler_that_knows_weights(group: Group) -> None:
    if group.version("blkio") == 2:
        assert blkio.device_setting(group, "/dev/null", "weight", 200)[1] == "1:3 200"
        return
    with pytest.raises(VirtError, match="valid only for cfq scheduler"):
        blkio.device_setting(group, "/dev/null", "weight", 200)


def test_a_setting_without_its_controller_is_refused() -> None:
    group = Group(Hierarchy({}), "group")
    with pytest.raises(VirtError) as refused:
        group.require("memory", "not mounted")
    assert refused.value.code == ErrorCode.OPERATION_INVALID
    with pytest.raises(VirtError, match=os.strerror(2)):
        group.read(files.MEMORY)
    assert not group.has(files.MEMORY)
