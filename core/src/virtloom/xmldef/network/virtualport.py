"""What a switch must be told about a port (`virNetDevVPortProfileParse`)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from virtloom.errors import ErrorDomain, VirtError
from virtloom.xmldef import values
from virtloom.xmldef.definition import Definition, attr, child
from virtloom.xmldef.document import Node
from virtloom.xmldef.network.attributes import number
from virtloom.xmldef.network.refusal import bad, unsupported

TYPES = ("802.1Qbg", "802.1Qbh", "openvswitch", "midonet")
PROFILE_MAX = 39  # characters of a profile's name

_ALL = ("managerid", "typeid", "typeidversion", "instanceid", "interfaceid", "profileid")
# What each type may have, what it must not have in the order of the complaints, and what it drops in silence.
_EXTRAS: dict[str, tuple[str, ...]] = {
    "802.1Qbg": ("profileid", "interfaceid"),
    "802.1Qbh": ("managerid", "typeid", "typeidversion", "instanceid", "interfaceid"),
    "openvswitch": ("managerid", "typeid", "typeidversion", "instanceid"),
    "midonet": (),
}
_DROPPED = {"midonet": ("managerid", "typeid", "typeidversion", "instanceid", "profileid")}
_NUMBERS = {
    "managerid": (0xFF, "value of managerid out of range"),
    "typeid": (0xFFFFFF, "value for typeid out of range"),
    "typeidversion": (0xFF, "value of typeidversion out of range"),
}


class Parameters(Definition, tag="parameters"):
    """The parameters of one port."""

    managerid: int | None = attr(values.uint)
    typeid: int | None = attr(values.uint)
    typeidversion: int | None = attr(values.uint)
    instanceid: bytes | None = attr(values.uuid)
    interfaceid: bytes | None = attr(values.uuid)
    profileid: str | None = attr()


class VirtualPort(Definition, tag="virtualport"):
    """The type of a port, if it has one, and its parameters."""

    type: str | None = attr()
    parameters: Parameters | None = child(Parameters)


def read_virtualport(node: Node | None, *, needs_type: bool = False) -> VirtualPort | None:
    """The virtual port that an element describes; None if it says nothing.

    :raises VirtError: XML_ERROR or CONFIG_UNSUPPORTED, in libvirt's words.
    """
    if node is None:
        return None
    type_ = node.get("type")
    if type_ is not None and type_ not in TYPES:
        raise unsupported(f"unknown virtualport type {type_}", ErrorDomain.NONE)
    if type_ is None and needs_type:
        raise _bad("missing required virtualport type")
    found = node.find("parameters")
    fields = _fields(found) if found is not None else {}
    extra = next((name for name in _EXTRAS.get(type_ or "", ()) if fields.get(name) is not None), None)
    if extra is not None:
        raise _bad(f"extra {extra} unsupported in <virtualport type='{type_}'>")
    fields = {name: value for name, value in fields.items() if name not in _DROPPED.get(type_ or "", ())}
    parameters = Parameters(**fields) if any(value is not None for value in fields.values()) else None
    return VirtualPort(type=type_, parameters=parameters) if type_ or parameters else None


def _fields(node: Node) -> dict[str, Any]:
    return {name: None if (text := node.get(name)) is None else _field(name, text) for name in _ALL}


def _field(name: str, text: str) -> Any:
    if name in _NUMBERS:
        return _number(name, text)
    if name == "profileid":
        if len(text.encode()) > PROFILE_MAX:
            raise _bad("profileid parameter too long")
        return text or None
    try:
        return UUID(text).bytes
    except ValueError:
        raise _bad(f"cannot parse {name} parameter as a uuid") from None


def _number(name: str, text: str) -> int:
    high, told = _NUMBERS[name]
    value = number(text)
    if value is None:
        raise _bad(f"cannot parse value of {name} parameter")
    if value > high:
        raise _bad(told)
    return value


def _bad(detail: str) -> VirtError:
    return bad(detail, ErrorDomain.NONE)
