"""The processor of this host, as the kernel tells of it (proc(5): /proc/cpuinfo)."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from virtloom.driver.node.cpus.features import named

CPUINFO = Path("/proc/cpuinfo")
VENDORS = {"GenuineIntel": "Intel", "AuthenticAMD": "AMD", "HygonGenuine": "Hygon"}
# What the kernel has other names for; the rest differs in hyphens alone.
KERNEL_NAMES = {
    "tsc_deadline_timer": "tsc-deadline",
    "cr8_legacy": "cr8legacy",
    "dts": "ds",
    "pausefilter": "pause-filter",
}
ONE_VENDORS = {"AMD": {"stibp": "amd-stibp", "ssbd": "amd-ssbd"}}
STEADY = {"constant_tsc", "nonstop_tsc"}  # together they are what is called `invtsc`


class HostCpu(NamedTuple):
    """What it has: libvirt's names of features, and who made it."""

    features: frozenset[str]
    vendor: str | None


def host_cpu(text: str | None = None) -> HostCpu:
    """The first processor's.

    :param text: what the kernel tells; read unless given.
    """
    fields: dict[str, str] = {}
    for line in (CPUINFO.read_text() if text is None else text).splitlines():
        name, colon, value = line.partition(":")
        if colon:
            fields.setdefault(name.strip(), value.strip())
    vendor = VENDORS.get(fields.get("vendor_id", ""))
    flags = set(fields.get("flags", "").split())
    names = {found for flag in flags if (found := _name(flag, vendor)) is not None}
    return HostCpu(frozenset(names | ({"invtsc"} if flags >= STEADY else set())), vendor)


def _name(flag: str, vendor: str | None) -> str | None:
    own = ONE_VENDORS.get(vendor or "", {}).get(flag) or KERNEL_NAMES.get(flag, flag)
    tries = (named(one) for one in (own, own.replace("_", "-"), own.replace("_", "")))
    return next((one.name for one in tries if one is not None), None)
