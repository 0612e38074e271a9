"""The limits of a definition as settings of control groups: memory, processors, disks, devices."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from virtloom.driver.cgroups import File, Group, Hierarchy, blkio, files
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.tunables import cpu_tunables, memory_limits
from virtloom.xmldef.values import cpus
from virtloom_lxc.container.capabilities import keeps
from virtloom_lxc.container.devices import passed_devices
from virtloom_lxc.container.root.filesystems import filesystems

Setting = tuple[File, str]

# null, zero, full, random, urandom, tty, ptmx, fuse, and every terminal (`virLXCCgroupSetupDeviceACL`).
DEVICES = ("c 1:3", "c 1:5", "c 1:7", "c 1:8", "c 1:9", "c 5:0", "c 5:2", "c 10:229", "c 136:*")
# What each limit needs, and what is said of a host that lacks it (`virLXCProcessStart`, `virDomainCgroupSetup...`).
NEEDED = (
    ("cpuacct", lambda _: True, ErrorCode.INTERNAL_ERROR, "Unable to find 'cpuacct' cgroups controller mount"),
    ("devices", lambda _: True, ErrorCode.INTERNAL_ERROR, "Unable to find 'devices' cgroups controller mount"),
    ("memory", lambda _: True, ErrorCode.INTERNAL_ERROR, "Unable to find 'memory' cgroups controller mount"),
    ("cpu", cpu_tunables, ErrorCode.CONFIG_UNSUPPORTED, "CPU tuning is not available on this host"),
    ("cpuset", lambda domain: list(placement(domain)), ErrorCode.CONFIG_UNSUPPORTED,
     "cgroup cpuset is required for the placement of processors"),
    ("blkio", lambda domain: domain.blkiotune, ErrorCode.CONFIG_UNSUPPORTED,
     "Block I/O tuning is not available on this host"),
)  # fmt: skip


def require(domain: Domain, hierarchy: Hierarchy) -> None:
    """Refuse a container whose limits this host cannot keep.

    :raises VirtError: INTERNAL_ERROR or CONFIG_UNSUPPORTED, in libvirt's words.
    """
    for controller, wanted, code, detail in NEEDED:
        if wanted(domain) and not hierarchy.version(controller):
            hint = f"the kernel has no controller '{controller}' mounted; require_limits = false does without"
            raise VirtError(code, detail, ErrorDomain.LXC, hint=hint)


def settings(domain: Domain, group: Group) -> Iterator[Setting]:
    """Every setting that a definition asks for, in the order in which they are to be made.

    :param group: one that is there, to see what the kernel offers.
    """
    yield from memory(domain)
    yield from processors(domain)
    yield from blkio.settings(domain, group)
    yield from devices(domain)


def memory(domain: Domain) -> Iterator[Setting]:
    """The memory that it has now is its limit, unless another one is given (`virLXCCgroupSetupMemTune`)."""
    tune = memory_limits(domain)
    hard = tune.get("hard_limit") or domain.current_memory or domain.memory
    yield files.MEMORY, f"{hard}K"
    if "soft_limit" in tune:
        yield files.MEMORY_SOFT, f"{tune['soft_limit']}K"
    if "swap_hard_limit" in tune:
        yield files.MEMORY_SWAP, f"{tune['swap_hard_limit']}K"


def processors(domain: Domain) -> Iterator[Setting]:
    """Shares of time, and where it may run (`virLXCCgroupSetupCpuTune`)."""
    tune = cpu_tunables(domain)
    names = (("shares", files.CPU_SHARES), ("period", files.CPU_PERIOD), ("quota", files.CPU_QUOTA))
    yield from ((file, str(tune[name])) for name, file in names if name in tune)
    yield from placement(domain)


def placement(domain: Domain) -> Iterator[Setting]:
    """Which processors and whose memory it uses (`virLXCCgroupSetupCpusetTune`)."""
    vcpu = domain.vcpu
    if vcpu is not None and vcpu.cpuset and vcpu.placement != "auto":
        yield files.CPUS, cpus.format(vcpu.cpuset)
    memory = domain.numatune.find("memory") if domain.numatune is not None else None
    nodes = memory.get("nodeset") if memory is not None and memory.get("mode") != "strict" else None
    if nodes:
        yield files.MEMS, nodes


def devices(domain: Domain) -> Iterator[Setting]:
    """It may use the harmless devices, and those that it is given."""
    yield files.DEVICES_DENY, "a"
    if keeps(domain, "mknod"):
        yield files.DEVICES_ALLOW, "a *:* m"
    yield from ((files.DEVICES_ALLOW, f"{device} rwm") for device in DEVICES)
    for one in filesystems(domain):
        if one.kind == "block":
            yield files.DEVICES_ALLOW, rule(one.source, "r" if one.readonly else "rw")
    for device in passed_devices(domain):
        yield files.DEVICES_ALLOW, rule(device.source, device.access)


def rule(path: str, access: str) -> str:
    """The rule that lets a container use a device of the host's.

    :raises VirtError: SYSTEM_ERROR if it is not there.
    """
    place = blkio.numbers(path)
    kind = "b" if stat.S_ISBLK(os.stat(path).st_mode) else "c"
    return f"{kind} {place} {access}"
