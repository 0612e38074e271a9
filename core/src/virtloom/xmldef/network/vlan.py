"""VLAN tags (`virNetDevVlanParse`)."""

from __future__ import annotations

from virtloom.errors import ErrorDomain
from virtloom.xmldef import values
from virtloom.xmldef.definition import Definition, attr, children
from virtloom.xmldef.document import Node
from virtloom.xmldef.network.attributes import given
from virtloom.xmldef.network.refusal import bad

ID_MAX = 4095


class Tag(Definition, tag="tag"):
    """One tag."""

    id: int = attr(values.uint, required=True)
    native_mode: str | None = attr(values.Words("tagged", "untagged"), "nativeMode")


class Vlan(Definition, tag="vlan"):
    """The tags of what passes."""

    trunk: bool | None = attr(values.yes_no)
    tags: tuple[Tag, ...] = children(Tag)


def read_vlan(node: Node | None) -> Vlan | None:
    """The tags that an element has.

    :raises VirtError: XML_ERROR, in libvirt's words.
    """
    if node is None:
        return None
    nodes = list(node.all("tag"))
    if not nodes:
        detail = "missing tag id - each <vlan> must have at least one <tag id='n'/> subelement"
        raise bad(detail, ErrorDomain.NONE)
    tags = tuple(_tag(one) for one in nodes)
    native = sum(tag.native_mode is not None for tag in tags)
    if native > 1:
        raise bad("duplicate native vlan setting", ErrorDomain.NONE)
    return Vlan(trunk=_trunk(node, len(tags), bool(native)), tags=tags)


def _tag(node: Node) -> Tag:
    tag = Tag.read(node)
    if tag.id > ID_MAX:
        raise bad(f"vlan tag id {tag.id} too large (maximum {ID_MAX})", ErrorDomain.NONE)
    return tag


def _trunk(node: Node, count: int, native: bool) -> bool | None:
    """Whether several tags pass; one that does not is told by silence."""
    word = given(node, "trunk")
    if word is None:
        return True if count > 1 else None
    if word.lower() == "yes":
        return True
    if count > 1:
        detail = f"invalid \"trunk='{word}'\" in <vlan> - trunk='yes' is required for more than one vlan tag"
        raise bad(detail, ErrorDomain.NONE)
    if native:
        detail = "invalid configuration in <vlan> - \"trunk='no'\" is not allowed with a native vlan id"
        raise bad(detail, ErrorDomain.NONE)
    if word.lower() != "no":
        raise bad(f"invalid \"trunk='{word}'\" in <vlan> - must be yes or no", ErrorDomain.NONE)
    return None
