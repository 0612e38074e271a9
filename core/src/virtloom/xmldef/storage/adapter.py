"""The adapter behind a scsi pool: a SCSI host or a Fibre Channel host (`virStorageAdapterParseXML`)."""

from __future__ import annotations

import re

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef import values
from virtloom.xmldef.definition import Definition, attr, child
from virtloom.xmldef.document import Node
from virtloom.xmldef.storage.refusal import bad
from virtloom.xmldef.values import Number, Words, hexadecimal


class PciAddress(Definition, tag="address"):
    """Where the parent of a SCSI host is."""

    domain: int = attr(hexadecimal(4, 0xFFFF), default=0)
    bus: int = attr(hexadecimal(2, 0xFF), default=0)
    slot: int = attr(hexadecimal(2, 0x1F), default=0)
    function: int = attr(Number(0, 7, "0x%x"), default=0)


class ParentAddress(Definition, tag="parentaddr"):
    """A SCSI host by its parent and its number there."""

    unique_id: int | None = attr(values.integer)
    address: PciAddress | None = child(PciAddress)


class Adapter(Definition, tag="adapter"):
    """What a scsi pool finds its devices at."""

    type: str | None = attr(Words("scsi_host", "fc_host"))
    name: str | None = attr()
    parent: str | None = attr()
    parent_wwnn: str | None = attr()
    parent_wwpn: str | None = attr()
    parent_fabric_wwn: str | None = attr()
    managed: bool | None = attr(values.yes_no)
    wwnn: str | None = attr()
    wwpn: str | None = attr()
    parentaddr: ParentAddress | None = child(ParentAddress)


_SCSI = ("type", "name", "parentaddr")


def read_adapter(node: Node) -> Adapter:
    """The adapter that an element is, with the parts that its type has.

    :raises VirtError: XML_ERROR.
    """
    type_ = Words("scsi_host", "fc_host")
    given = node.get("type")
    if given is not None and given not in type_.words:
        raise values.misfit(type_, "adapter", "type", given)
    if given is None:
        return _by_name(node)
    if given == "fc_host":
        return Adapter.read(node).replace(name=None, parentaddr=None)
    parent = node.find("parentaddr")
    if parent is not None:
        _check_parent(parent)
    made = Adapter.read(node)
    return Adapter(**{name: getattr(made, name) for name in _SCSI})


def _by_name(node: Node) -> Adapter:
    """What adapters were before they had a type: a SCSI host's name."""
    if any(node.get(name) is not None for name in ("wwnn", "wwpn", "parent")):
        raise bad("Use of 'wwnn', 'wwpn', and 'parent' attributes requires use of the adapter 'type'")
    if node.find("parentaddr") is not None:
        raise bad("Use of 'parentaddr' element requires use of the adapter 'type'")
    name = node.get("name")
    return Adapter() if name is None else Adapter(type="scsi_host", name=name)


def _check_parent(parent: Node) -> None:
    if parent.find("address") is None:
        raise bad("Missing scsi_host PCI address element")
    number = parent.get("unique_id") or ""
    if not number.isdigit():
        raise bad("Missing or invalid scsi adapter 'unique_id' value")


def check_adapter(adapter: Adapter | None) -> None:
    """Refuse an adapter that names nothing (`virStorageAdapterValidate`).

    :raises VirtError: XML_ERROR.
    """
    if adapter is None or adapter.type is None:
        raise bad("missing storage pool source adapter")
    if adapter.type == "fc_host":
        _check_fc_host(adapter)
    elif adapter.name is None and adapter.parentaddr is None:
        raise bad("Either 'name' or 'parent' must be specified for the 'scsi_host' adapter")
    elif adapter.name is not None and adapter.parentaddr is not None:
        raise bad("Both 'name' and 'parent' cannot be specified for the 'scsi_host' adapter")


def _check_fc_host(adapter: Adapter) -> None:
    if adapter.wwnn is None or adapter.wwpn is None:
        raise bad("'wwnn' and 'wwpn' must be specified for adapter type 'fchost'")
    _check_wwn(adapter.wwnn)
    _check_wwn(adapter.wwpn)
    pair = ("parent_wwnn", "parent_wwpn")
    for one, other in (pair, pair[::-1]):
        if getattr(adapter, one) is not None and getattr(adapter, other) is None:
            raise bad(f"when providing {one}='{getattr(adapter, one)}', the {other} must also be provided")
    for name in (*pair, "parent_fabric_wwn"):
        if getattr(adapter, name) is not None:
            _check_wwn(getattr(adapter, name))


def _check_wwn(wwn: str) -> None:
    digits = wwn[2:] if wwn.startswith("0x") else wwn
    if not re.fullmatch("[0-9a-fA-F]{16}", digits):
        raise VirtError(ErrorCode.INTERNAL_ERROR, f"Malformed wwn: {wwn}", ErrorDomain.NONE)
