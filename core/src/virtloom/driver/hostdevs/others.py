"""SCSI devices by their generic nodes (sg(4)), and mediated devices, which are parts of others (vfio-mdev)."""

from __future__ import annotations

import os
from pathlib import Path

from virtloom.driver.hostdevs.host import Host
from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error


def scsi_node(name: str, host: Host) -> Path:
    """The generic node of a SCSI device (`virSCSIDeviceNew`).

    :param name: its adapter, bus, target and unit, such as `2:0:0:1`.
    :raises VirtError: SYSTEM_ERROR if it is not there.
    """
    folder = host.sysfs / "bus" / "scsi" / "devices" / name / "scsi_generic"
    try:
        node = host.dev / sorted(os.listdir(folder))[0]
    except (OSError, IndexError) as error:
        cause = error if isinstance(error, OSError) else FileNotFoundError(2, os.strerror(2))
        raise system_error(cause, f"cannot open directory '{folder}'", ErrorDomain.NONE) from error
    if not node.exists():
        missing = FileNotFoundError(2, os.strerror(2))
        raise system_error(missing, f"SCSI device '{name}': could not access {node}", ErrorDomain.NONE)
    return node


def mediated_folder(uuid: str, host: Host) -> Path:
    """Where a mediated device is."""
    return host.sysfs / "bus" / "mdev" / "devices" / uuid


def require_mediated(uuid: str, model: str, host: Host) -> None:
    """Refuse a mediated device that is not there, or is another kind of device (`virMediatedDeviceNew`).

    :raises VirtError: DEVICE_MISSING, INTERNAL_ERROR, SYSTEM_ERROR.
    """
    folder = mediated_folder(uuid, host)
    if not folder.exists():
        raise VirtError(ErrorCode.DEVICE_MISSING, f"mediated device '{uuid}' not found", ErrorDomain.NONE)
    path = folder / "mdev_type" / "device_api"
    try:
        kind = path.read_text().strip()
    except OSError as error:
        raise system_error(error, f"failed to read '{path}'", ErrorDomain.NONE) from error
    if kind != model:
        detail = f"invalid device API '{model}' for device {folder}: device only supports '{kind}'"
        raise VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.NONE)


def mediated_node(uuid: str, host: Host) -> Path | None:
    """What a program opens to have a mediated device."""
    try:
        return host.dev / "vfio" / os.path.basename(os.readlink(mediated_folder(uuid, host) / "iommu_group"))
    except OSError:
        return None
