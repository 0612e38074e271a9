"""The devices of the host's that a run has: taken from the host before it begins, given back when it ends."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager

from virtloom.driver.files.journal import Journal
from virtloom.driver.hostdevs import Host, HostDevices
from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Hostdev
from virtloom_qemu.capabilities import Emulator

VHOST_SCSI = "/dev/vhost-scsi"
BESIDES = 1 << 30  # bytes that a device may reach besides the guest's memory
LEGACY = {"kvm": "host doesn't support legacy PCI passthrough"}


@contextmanager
def all_taken(devices: HostDevices, definition: Domain, emulator: Emulator, journal: Journal) -> Iterator[Domain]:
    """Take the devices of a run, for a block in which its process begins; if it raises, they are given back.

    :return: the definition, with where its devices are and how it has them.
    :raises VirtError: CONFIG_UNSUPPORTED where the host cannot give such devices away; see `HostDevices.taken`.
    """
    wanted = tuple(supported(one, devices.host, emulator) for one in definition.parts.hostdevs)
    for one in definition.parts.interfaces:
        if one.type == "hostdev":
            require_passthrough(devices.host, emulator)
    with devices.taken(definition.name, wanted, journal) as placed:
        live = definition.with_devices(hostdevs=placed) if placed else definition
        allow_locking(live)
        yield live


def supported(device: Hostdev, host: Host, emulator: Emulator) -> Hostdev:
    """A device with the way in which the guest has it (`qemuHostdevPreparePCIDevicesCheckSupport`).

    :raises VirtError: CONFIG_UNSUPPORTED.
    """
    if device.mode != "subsystem":
        return device
    if device.type == "mdev" and not host.has_vfio:
        raise _unsupported("Mediated host device assignment requires VFIO support")
    if device.type != "pci":
        return device
    wanted = (device.driver.get("name") if device.driver is not None else None) or "default"
    if wanted in LEGACY:
        raise _unsupported(LEGACY[wanted])
    require_passthrough(host, emulator, named=wanted == "vfio")
    return device.replace(driver=Node("driver", {"name": "vfio"}))


def require_passthrough(host: Host, emulator: Emulator, *, named: bool = False) -> None:
    """Refuse devices on the PCI where the host cannot give them away.

    :param named: whether the definition names the way.
    :raises VirtError: CONFIG_UNSUPPORTED.
    """
    if not (host.gives_pci and emulator.has("vfio-pci")):
        what = "VFIO PCI passthrough" if named else "passthrough of host PCI devices"
        raise _unsupported(f"host doesn't support {what}")


def allow_locking(live: Domain, pid: int = 0) -> None:
    """Let a guest's process lock the memory that its devices reach (`qemuDomainGetMemLockLimitBytes`).

    :param pid: the process; 0 is the daemon, whose limit those inherit that it starts.
    :raises VirtError: SYSTEM_ERROR if the kernel refuses.
    """
    wanted = memory_to_lock(live)
    if wanted == 0:
        return
    try:
        current = resource.prlimit(pid, resource.RLIMIT_MEMLOCK)[0]
        if current != resource.RLIM_INFINITY and (wanted == resource.RLIM_INFINITY or current < wanted):
            resource.prlimit(pid, resource.RLIMIT_MEMLOCK, (wanted, wanted))
    except OSError as error:
        detail = f"cannot limit locked memory of process {pid} to {wanted}"
        raise system_error(error, detail, ErrorDomain.NONE) from error


def memory_to_lock(live: Domain) -> int:
    """How much memory a guest's process has to be able to lock, in bytes; 0 if none."""
    backing = live.memory_backing
    if backing is not None and backing.find("locked") is not None:
        return resource.RLIM_INFINITY
    reaches = sum(one.type in ("pci", "mdev") and one.mode == "subsystem" for one in live.parts.hostdevs)
    return 1024 * live.memory + BESIDES if reaches else 0


def open_vhost_scsi() -> int:
    """What the kernel serves a guest's SCSI adapter by.

    :raises VirtError: SYSTEM_ERROR where there is none.
    """
    try:
        return os.open(VHOST_SCSI, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise system_error(error, f"Failed to open {VHOST_SCSI}", ErrorDomain.NONE) from error


def _unsupported(detail: str) -> VirtError:
    return VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail)
