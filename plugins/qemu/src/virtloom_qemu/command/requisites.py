"""What a definition needs of the host beside its images (parts of `qemuProcessPrepareDomain`)."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error
from virtloom.xmldef.document import Node
from virtloom_qemu.capabilities.descriptions import vhost_user_program
from virtloom_qemu.definition.guest import Guest
from virtloom_qemu.settings import Settings

DISPLAYS = Path("/dev/dri")
TPM = "/dev/tpm0"
VHOST_SCSI = Path("/dev/vhost-scsi")
DRAWN = ("spice", "dbus")  # displays that are drawn with OpenGL if they say so


def require_of_host(guest: Guest, settings: Settings) -> None:
    """Choose what the definition leaves to the host, and refuse what the host does not have.

    :raises VirtError: SYSTEM_ERROR, INTERNAL_ERROR, INVALID_ARG or OPERATION_FAILED.
    """
    for step in STEPS:
        step(guest, settings)


def _render_nodes(guest: Guest, settings: Settings) -> None:
    """Displays that are drawn by the host have a device that draws (`qemuProcessGraphicsSetupRenderNode`)."""
    for display in guest.all("graphics"):
        kind, gl = display.get("type"), display.find("gl")
        drawn = kind == "egl-headless" or (kind in DRAWN and gl is not None and gl.get("enable") == "yes")
        if drawn and (gl is None or gl.get("rendernode") is None):
            (gl or display.add("gl")).attrs["rendernode"] = render_node()


def render_node() -> str:
    """The first of the host's devices that draw (`virHostGetDRMRenderNode`).

    :raises VirtError: SYSTEM_ERROR or INTERNAL_ERROR if there is none.
    """
    try:
        names = sorted(name for name in os.listdir(DISPLAYS) if name.startswith("renderD"))
    except OSError as error:
        raise system_error(error, f"cannot open directory '{DISPLAYS}'", ErrorDomain.NONE) from error
    if not names:
        raise VirtError(ErrorCode.INTERNAL_ERROR, "No DRM render nodes available", ErrorDomain.NONE)
    return str(DISPLAYS / names[0])


def _descriptor_groups(guest: Guest, settings: Settings) -> None:
    """Descriptors that a client would pass are passed by none (`virDomainFDAssociate`)."""
    for disk in reversed(guest.all("disk")):
        holder: Node | None = disk
        while holder is not None:
            group = holder.value("source", "fdgroup")
            if group is not None:
                detail = f"file descriptor group '{group}' was not associated with the domain"
                raise VirtError(ErrorCode.INVALID_ARG, detail, ErrorDomain.QEMU)
            holder = holder.find("backingStore")


def _graphics_programs(guest: Guest, settings: Settings) -> None:
    """Graphics adapters of a program beside QEMU have one that is described (`qemuVhostUserFillDomainGPU`)."""
    if any(video.value("driver", "name") == "vhostuser" for video in guest.all("video")) and (
        vhost_user_program("gpu", settings.vhost_user_folders) is None
    ):
        detail = "Unable to find a satisfying vhost-user-gpu"
        raise VirtError(ErrorCode.OPERATION_FAILED, detail, ErrorDomain.QEMU)


STEPS: tuple[Callable[[Guest, Settings], None], ...] = (_render_nodes, _descriptor_groups, _graphics_programs)


def require_devices(guest: Guest) -> None:
    """Refuse devices of the host's that QEMU would be given, and that are not there.

    :raises VirtError: SYSTEM_ERROR or CONFIG_UNSUPPORTED.
    """
    for hostdev in guest.all("hostdev"):
        if hostdev.get("type") == "scsi_host" and not VHOST_SCSI.exists():
            detail = f"vhost-scsi device file '{VHOST_SCSI}' cannot be found"
            raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.NONE)
    for tpm in guest.all("tpm"):
        if tpm.value("backend", "type") == "passthrough":
            _openable(tpm.value("backend/device", "path") or TPM)


def _openable(path: str) -> None:
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        raise system_error(error, f"Could not open TPM device {path}", ErrorDomain.QEMU) from error
