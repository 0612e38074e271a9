"""The limits of a definition as settings of control groups: memory, processors, disks, devices."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from virtloom.errors import ErrorDomain, system_error
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.tunables import cpu_tunables, memory_limits
from virtloom.xmldef.values import cpus
from virtloom_lxc.container import cgroups
from virtloom_lxc.container.capabilities import keeps
from virtloom_lxc.container.cgroups import File, Group
from virtloom_lxc.container.devices import passed_devices
from virtloom_lxc.container.filesystems import filesystems

Setting = tuple[File, str]

# null, zero, full, random, urandom, tty, ptmx, fuse, and every terminal (`virLXCCgroupSetupDeviceACL`).
DEVICES = ("c 1:3", "c 1:5", "c 1:7", "c 1:8", "c 1:9", "c 5:0", "c 5:2", "c 10:229", "c 136:*")
THROTTLES = {
    "read_bytes_sec": "blkio.throttle.read_bps_device",
    "write_bytes_sec": "blkio.throttle.write_bps_device",
    "read_iops_sec": "blkio.throttle.read_iops_device",
    "write_iops_sec": "blkio.throttle.write_iops_device",
}


def settings(domain: Domain, group: Group) -> Iterator[Setting]:
    """Every setting that a definition asks for, in the order in which they are to be made.

    :param group: one that is there, to see what the kernel offers.
    """
    yield from memory(domain)
    yield from processors(domain)
    yield from disks(domain, group)
    yield from devices(domain)


def memory(domain: Domain) -> Iterator[Setting]:
    """The memory that it has now is its limit, unless another one is given (`virLXCCgroupSetupMemTune`)."""
    tune = memory_limits(domain)
    hard = tune.get("hard_limit") or domain.current_memory or domain.memory
    yield cgroups.MEMORY, f"{hard}K"
    if "soft_limit" in tune:
        yield cgroups.MEMORY_SOFT, f"{tune['soft_limit']}K"
    if "swap_hard_limit" in tune:
        yield cgroups.MEMORY_SWAP, f"{tune['swap_hard_limit']}K"


def processors(domain: Domain) -> Iterator[Setting]:
    """Shares of time, and where it may run (`virLXCCgroupSetupCpuTune`, `virLXCCgroupSetupCpusetTune`)."""
    tune = cpu_tunables(domain)
    names = (("shares", cgroups.CPU_SHARES), ("period", cgroups.CPU_PERIOD), ("quota", cgroups.CPU_QUOTA))
    yield from ((file, str(tune[name])) for name, file in names if name in tune)
    vcpu = domain.vcpu
    if vcpu is not None and vcpu.cpuset and vcpu.placement != "auto":
        yield cgroups.CPUS, cpus.format(vcpu.cpuset)
    memory = domain.numatune.find("memory") if domain.numatune is not None else None
    nodes = memory.get("nodeset") if memory is not None and memory.get("mode") != "strict" else None
    if nodes:
        yield cgroups.MEMS, nodes


def disks(domain: Domain, group: Group) -> Iterator[Setting]:
    """The weight of its input and output, and limits for single devices (`virDomainCgroupSetupBlkio`)."""
    node = domain.blkiotune
    if node is None:
        return
    weight = node.find("weight")
    if weight is not None and weight.text:
        yield group.weight_file(), weight.text
    for device in node.all("device"):
        path = device.find("path")
        for name, file in THROTTLES.items():
            rate = device.find(name)
            if path is not None and rate is not None and rate.text:
                yield File("blkio", file, ""), f"{numbers(path.text)} {rate.text}"


def numbers(path: str) -> str:
    """A device's major and minor number.

    :raises VirtError: SYSTEM_ERROR.
    """
    try:
        found = os.stat(path)
    except OSError as error:
        raise system_error(error, f"Path '{path}' is not accessible", ErrorDomain.CGROUP) from error
    return f"{os.major(found.st_rdev)}:{os.minor(found.st_rdev)}"


def devices(domain: Domain) -> Iterator[Setting]:
    """It may use the harmless devices, and those that it is given."""
    yield cgroups.DEVICES_DENY, "a"
    if keeps(domain, "mknod"):
        yield cgroups.DEVICES_ALLOW, "a *:* m"
    yield from ((cgroups.DEVICES_ALLOW, f"{device} rwm") for device in DEVICES)
    for one in filesystems(domain):
        if one.kind == "block":
            yield cgroups.DEVICES_ALLOW, rule(one.source, "r" if one.readonly else "rw")
    for device in passed_devices(domain):
        yield cgroups.DEVICES_ALLOW, rule(device.source, device.access)


def rule(path: str, access: str) -> str:
    """The rule that lets a container use a device of the host's.

    :raises VirtError: SYSTEM_ERROR if it is not there.
    """
    place = numbers(path)
    kind = "b" if stat.S_ISBLK(os.stat(path).st_mode) else "c"
    return f"{kind} {place} {access}"
