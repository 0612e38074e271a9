"""The settings of control groups, each with its file in version 1 and in version 2 (cgroups(7))."""

from __future__ import annotations

from typing import NamedTuple


class File(NamedTuple):
    """One setting: its controller, its file in version 1 and in version 2; "" where there is none."""

    controller: str
    legacy: str
    unified: str


MEMORY = File("memory", "memory.limit_in_bytes", "memory.max")
MEMORY_SOFT = File("memory", "memory.soft_limit_in_bytes", "memory.high")
MEMORY_SWAP = File("memory", "memory.memsw.limit_in_bytes", "memory.swap.max")
MEMORY_USAGE = File("memory", "memory.usage_in_bytes", "memory.current")
MEMORY_SWAP_USAGE = File("memory", "memory.memsw.usage_in_bytes", "memory.swap.current")
CPU_SHARES = File("cpu", "cpu.shares", "cpu.weight")
CPU_PERIOD = File("cpu", "cpu.cfs_period_us", "cpu.max")
CPU_QUOTA = File("cpu", "cpu.cfs_quota_us", "cpu.max")
CPUS = File("cpuset", "cpuset.cpus", "cpuset.cpus")
MEMS = File("cpuset", "cpuset.mems", "cpuset.mems")
DEVICES_ALLOW = File("devices", "devices.allow", "")
DEVICES_DENY = File("devices", "devices.deny", "")
