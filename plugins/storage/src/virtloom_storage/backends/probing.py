"""Whether there is something on a device already: asked of blkid(8), as libvirt asks libblkid."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom_storage.context import Context

_AMBIVALENT = 8  # blkid's exit status for more than one signature
_NOTHING = 2


def tag(context: Context, device: str, name: str) -> str | None:
    """What blkid finds on a device under a name: TYPE of a file system, PTTYPE of a partition table."""
    finished = context.programs.attempt(["blkid", "-p", "-o", "value", "-s", name, device], deadline=30)
    if finished.status == _AMBIVALENT:
        raise _probe_failed("Found additional probes to run, probing may be incorrect")
    if finished.status not in (0, _NOTHING) or finished.stderr:
        raise _probe_failed(f"Failed to create filesystem probe for device {device}")
    return finished.stdout.decode(errors="replace").strip() or None


def _probe_failed(detail: str) -> VirtError:
    return VirtError(ErrorCode.STORAGE_PROBE_FAILED, detail, ErrorDomain.STORAGE)


def check_empty(context: Context, device: str, format_: str) -> None:
    """Refuse to write over what is on a device (`virStorageBackendDeviceIsEmpty`, before a label is written).

    :param format_: what is to be written.
    :raises VirtError: STORAGE_POOL_BUILT if there is something, STORAGE_PROBE_FAILED if that cannot be told.
    """
    found = tag(context, device, "TYPE") or tag(context, device, "PTTYPE")
    if found is None:
        return
    if found == format_:
        detail = f"Device '{device}' already formatted using '{format_}'"
    else:
        detail = (
            f"Format of device '{device}' does not match the expected format '{format_}', forced overwrite is necessary"
        )
    raise VirtError(ErrorCode.STORAGE_POOL_BUILT, detail, ErrorDomain.STORAGE)


def check_label(context: Context, device: str, format_: str) -> None:
    """Refuse a device that has not the partition table that it should have.

    :raises VirtError: OPERATION_INVALID for another one, STORAGE_PROBE_FAILED for none.
    """
    found = tag(context, device, "TYPE") or tag(context, device, "PTTYPE")
    if found is None:
        raise _probe_failed(f"Device '{device}' is unrecognized, requires build")
    if found != format_:
        detail = f"Format of device '{device}' does not match the expected format '{format_}'"
        raise VirtError(ErrorCode.OPERATION_INVALID, detail, ErrorDomain.STORAGE)
