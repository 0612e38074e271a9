"""How much a bridge or a port may carry (`virNetDevBandwidthParse`). Averages and peaks in KiB/s, bursts in KiB."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef import values
from virtloom.xmldef.definition import Definition, attr, child
from virtloom.xmldef.document import Node
from virtloom.xmldef.network.attributes import decimal
from virtloom.xmldef.network.refusal import bad_detail, unsupported


class Rate(Definition):
    """One direction's rates; what is not limited is None."""

    average: int | None = attr(values.ulong)
    peak: int | None = attr(values.ulong)
    floor: int | None = attr(values.ulong)
    burst: int | None = attr(values.ulong)


class Bandwidth(Definition, tag="bandwidth"):
    """Both directions, as the guest sees them.

    :ivar class_id: which class of the bridge's queue a port has; given when one is plugged that has a floor.
    """

    class_id: int | None = attr(values.uint, "classID")
    inbound: Rate | None = child(Rate, "inbound")
    outbound: Rate | None = child(Rate, "outbound")

    @property
    def floor(self) -> int:
        """What is guaranteed inbound, in KiB/s."""
        return (self.inbound.floor or 0) if self.inbound is not None else 0


def read_bandwidth(node: Node | None, *, of_port: bool = False) -> Bandwidth | None:
    """The bandwidth that an element tells; None if it limits nothing.

    :param of_port: whether it is a port's, which may have a floor and a class.
    :raises VirtError: CONFIG_UNSUPPORTED, XML_DETAIL or INTERNAL_ERROR, in libvirt's words.
    """
    if node is None:
        return None
    class_id = _class_id(node, of_port)
    inbound, outbound = _one(node, "inbound"), _one(node, "outbound")
    if inbound is not None and inbound.floor and not of_port:
        raise unsupported("floor attribute is not supported for this config", ErrorDomain.NONE)
    if outbound is not None and outbound.floor:
        raise unsupported("'floor' attribute allowed only in <inbound> element", ErrorDomain.NONE)
    if inbound is None and outbound is None:
        return None
    return Bandwidth(class_id=class_id, inbound=inbound, outbound=outbound)


def _class_id(node: Node, of_port: bool) -> int | None:
    text = node.get("classID")
    if text is None:
        return None
    if not of_port:
        detail = "classID attribute not supported on <bandwidth> in this usage context"
        raise bad_detail(detail, ErrorDomain.NONE)
    value = decimal(text, (1 << 32) - 1)
    if value is None:
        raise VirtError(ErrorCode.INTERNAL_ERROR, f"Unable to parse class id '{text}'", ErrorDomain.NONE)
    return value or None


def _one(node: Node, tag: str) -> Rate | None:
    found = list(node.all(tag))
    if len(found) > 1:
        raise bad_detail(f"Only one child <{tag}> element allowed", ErrorDomain.NONE)
    return _rate(found[0]) if found else None


def _rate(node: Node) -> Rate:
    given = {name: node.get(name) for name in ("average", "peak", "burst", "floor")}
    average = _value(given, "average")
    if given["average"] is None and given["floor"] is None:
        raise bad_detail("Missing mandatory average or floor attributes", ErrorDomain.NONE)
    if given["average"] is None and (given["peak"] is not None or given["burst"] is not None):
        raise unsupported("'peak' and 'burst' require 'average' attribute", ErrorDomain.NONE)
    rest = {name: _value(given, name) for name in ("peak", "burst", "floor")}
    return Rate(average=average, **rest)


def _value(given: dict[str, str | None], name: str) -> int | None:
    text = given[name]
    if text is None:
        return None
    value = decimal(text)
    if value is None:
        raise unsupported(f"could not convert bandwidth {name} value '{text}'", ErrorDomain.NONE)
    return value or None
