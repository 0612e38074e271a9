"""What all drivers refuse, in libvirt's words (`virDomainDefValidate` and what the parser itself refuses)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.domain.definition import Domain

INPUT_BUSES_OF_XEN = frozenset({"xen"})


def _refuse(code: ErrorCode, detail: str) -> VirtError:
    return VirtError(code, detail, ErrorDomain.DOMAIN)


def name(domain: Domain) -> None:
    """A name is a file's name elsewhere."""
    if "/" in domain.name:
        raise _refuse(ErrorCode.XML_ERROR, f"name {domain.name} cannot contain '/'")
    if "\n" in domain.name:
        raise _refuse(ErrorCode.XML_ERROR, "name cannot contain newline")


def title(domain: Domain) -> None:
    """A title is one line."""
    if domain.title is not None and "\n" in domain.title:
        raise _refuse(ErrorCode.XML_ERROR, "Domain title can't contain newlines")


def disks(domain: Domain) -> None:
    """Each disk has a target of its own."""
    seen: dict[str, str | None] = {}
    for disk in domain.parts.disks:
        if not disk.name:
            raise _refuse(ErrorCode.NO_TARGET, disk.path)  # type: ignore[arg-type]
        if disk.name in seen:
            first = seen[disk.name]
            sources = f"'{first}' and '{disk.path}'" if first or disk.path else "''"
            raise _refuse(ErrorCode.XML_ERROR, f"target '{disk.name}' duplicated for disk sources {sources}")
        seen[disk.name] = disk.path


def inputs(domain: Domain) -> None:
    """Input buses that only some guests have."""
    for device in domain.parts.inputs:
        if device.bus == "xen":
            raise _refuse(ErrorCode.INTERNAL_ERROR, f"unsupported input bus {device.bus}")


def consoles(domain: Domain) -> None:
    """A character device with a path has one."""
    for device in (*domain.parts.serials, *domain.parts.parallels, *domain.parts.consoles, *domain.parts.channels):
        if device.type in ("file", "pipe", "dev") and not any(source.get("path") for source in device.source):
            raise _refuse(ErrorCode.INTERNAL_ERROR, "Missing source path attribute for char device")


def videos(domain: Domain) -> None:
    """`none` stands alone."""
    kinds = [video.model.type for video in domain.parts.videos if video.model is not None]
    if "none" in kinds and len(domain.parts.videos) > 1:
        raise _refuse(
            ErrorCode.CONFIG_UNSUPPORTED, "a 'none' video type must be the only video device defined for the domain"
        )


def boot_order(domain: Domain) -> None:
    """Either the guest has an order of devices, or each device says its own."""
    devices: tuple[Any, ...] = (*domain.parts.disks, *domain.parts.interfaces, *domain.parts.hostdevs)
    orders = [device.boot.get("order") for device in devices if device.boot is not None]
    if orders and domain.os is not None and domain.os.boot:
        raise _refuse(
            ErrorCode.CONFIG_UNSUPPORTED, "per-device boot elements cannot be used together with os/boot elements"
        )
    for order in orders:
        if orders.count(order) > 1:
            raise _refuse(ErrorCode.INTERNAL_ERROR, f"boot order '{order}' used for more than one device")


CHECKS: tuple[Callable[[Domain], None], ...] = (
    name,
    title,
    disks,
    inputs,
    consoles,
    videos,
    boot_order,
)
