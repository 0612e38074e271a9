"""The guest's name and title, what it boots from and its firmware."""

from __future__ import annotations

from typing import Any

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.domain.checks.refusal import internal, invalid, malformed, unsupported, wrong
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.parts import Loader, Os
from virtloom.xmldef.values import cpus

CHOSEN = "cannot be specified when firmware autoselection is enabled"


def name(domain: Domain) -> None:
    """A name is a file's name elsewhere."""
    if "/" in domain.name:
        raise malformed(f"name {domain.name} cannot contain '/'")
    if "\n" in domain.name:
        raise VirtError(ErrorCode.XML_DETAIL, "invalid char in name: \n", ErrorDomain.XML)


def title(domain: Domain) -> None:
    """A title is one line."""
    if domain.title is not None and "\n" in domain.title:
        raise malformed("Domain title can't contain newlines")


def schedulers(domain: Domain) -> None:
    """A thread has one scheduler."""
    seen: set[tuple[str, str | None]] = set()
    for node in domain.cputune.children if domain.cputune is not None else ():
        key = {"vcpusched": "vcpus", "iothreadsched": "iothreads"}.get(node.tag)
        if key is not None and (key, node.get(key)) in seen:
            raise invalid(f"'{node.tag}' attributes '{key}' must not overlap")
        if key is not None:
            seen.add((key, node.get(key)))


def shares(domain: Domain) -> None:
    """Of a cache, or of a node's memory bandwidth, a group of processors is given one share (`virResctrlAlloc`)."""
    for group in domain.cputune.children if domain.cputune is not None else ():
        seen: set[tuple[str | None, ...]] = set()
        for node in group.children if group.tag in ("cachetune", "memorytune") else ():
            level, id, kind = (node.get(name) for name in ("level", "id", "type"))
            if node.tag == "monitor":
                continue
            if (level, id, kind) in seen or (kind != "both" and (level, id, "both") in seen):
                detail = f"Colliding cache allocations for cache level '{level}' id '{id}', type '{kind}'"
                if node.tag == "node":
                    detail = f"Memory Bandwidth already defined for node {id}"
                raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.RESCTRL)
            seen.add((level, id, kind))


def monitors(domain: Domain) -> None:
    """What watches a share watches some of its processors, and no two watch the same (`virDomainResctrlMonDef`)."""
    for group in domain.cputune.children if domain.cputune is not None else ():
        if group.tag != "cachetune":
            continue
        whole, seen = cpus.parse(group.get("vcpus") or ""), list[frozenset[int]]()
        for watched in (cpus.parse(node.get("vcpus") or "") for node in group.all("monitor")):
            if not watched:
                raise wrong("vcpus is empty")
            if not watched <= whole:
                raise wrong("Monitor vcpus conflicts with allocation")
            if watched in seen:
                raise wrong("Identical vcpus found in same type monitors")
            if any(other & watched for other in seen if whole not in (other, watched)):
                raise wrong("vcpus overlaps in resctrl groups")
            seen.append(watched)


def labels(domain: Domain) -> None:
    """Of several labels each says which security model it is of."""
    if len(domain.seclabel) > 1 and not all(label.get("model") for label in domain.seclabel):
        raise malformed("missing security model when using multiple labels")


def boot_order(domain: Domain) -> None:
    """Either the guest has an order of devices, or each device says its own."""
    devices: tuple[Any, ...] = (*domain.parts.disks, *domain.parts.interfaces, *domain.parts.hostdevs)
    orders = [device.boot.get("order") for device in devices if device.boot is not None]
    if orders and domain.os is not None and domain.os.boot:
        raise unsupported("per-device boot elements cannot be used together with os/boot elements")
    for order in orders:
        if orders.count(order) > 1:
            raise internal(f"boot order '{order}' used for more than one device")


def idmap(domain: Domain) -> None:
    """Users and groups of a container are mapped both, root among them (`virDomainDefIdMapValidate`)."""
    if domain.idmap is None:
        return
    mapped = [list(domain.idmap.all(kind)) for kind in ("uid", "gid")]
    if any(mapped) and not all(mapped):
        raise unsupported("uid and gid should be mapped both")
    if any(entries and entries[0].get("start") != "0" for entries in mapped):
        raise unsupported("You must map the root user of container")


def loader(domain: Domain) -> None:
    """Firmware is either chosen for the guest or described in full (`virDomainDefOSValidate`)."""
    os = domain.os
    if os is None or (os.loader is None and os.nvram is None):
        return
    firmware = os.loader or Loader()
    if os.firmware:
        _chosen_firmware(os, firmware)
    elif not firmware.path:
        raise invalid("no loader path specified and firmware auto selection disabled")
    if firmware.stateless:
        if os.nvram is not None and os.nvram.get("template") is not None:
            raise invalid("NVRAM template is not permitted when loader is stateless")
        if os.nvram is not None:
            raise invalid("NVRAM is not permitted when loader is stateless")
    elif firmware.stateless is False:
        if not os.firmware and firmware.type != "pflash":
            raise invalid("Only pflash loader type permits NVRAM")
        if os.firmware and os.firmware != "efi":
            raise invalid("Only EFI firmware permits NVRAM")


def _chosen_firmware(os: Os, firmware: Loader) -> None:
    given = (
        ("loader attribute 'readonly'", firmware.readonly is not None),
        ("loader attribute 'type'", firmware.type is not None),
        ("loader path", bool(firmware.path)),
        ("nvram attribute 'template'", os.nvram is not None and os.nvram.get("template") is not None),
        ("loader attribute 'secure'", firmware.secure is False),
    )
    for what, is_given in given:
        if is_given:
            raise invalid(f"{what} {CHOSEN}")
    if os.nvram is not None and (os.nvram.text or os.nvram.children) and os.firmware != "efi":
        raise invalid(f"firmware type '{os.firmware}' does not support nvram")
