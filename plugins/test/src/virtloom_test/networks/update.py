"""Changing one piece of a network (`virNetworkUpdate`): hosts, ranges, names, port groups."""

from __future__ import annotations

import copy

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef import document
from virtloom.xmldef.document import Node

MODIFY, DELETE, ADD_LAST, ADD_FIRST = 1, 2, 3, 4
# Each section's number: where its elements stand, their name, and the attributes by which two of them are the same.
SECTIONS: dict[int, tuple[str, str, tuple[str, ...]]] = {
    4: ("ip/dhcp", "host", ("mac", "name", "ip")),
    5: ("ip/dhcp", "range", ("start", "end")),
    7: ("forward", "interface", ("dev",)),
    9: ("", "portgroup", ("name",)),
    10: ("dns", "host", ("ip",)),
    11: ("dns", "txt", ("name",)),
    12: ("dns", "srv", ("service", "protocol", "domain", "target")),
}
DHCP_HOST = 4
NAMES = {1: "bridge", 2: "domain", 3: "ip", 6: "forward", 8: "forward-pf"}


def updated(definition: Node, command: int, section: int, index: int, xml: str) -> Node:
    """A definition with a piece added, changed or removed.

    :raises VirtError: OPERATION_UNSUPPORTED for a section that cannot be changed, OPERATION_INVALID for a clash.
    """
    if section not in SECTIONS:
        if section in NAMES:
            detail = f"can't update '{NAMES[section]}' section of network '{_name(definition)}'"
            raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail, ErrorDomain.NETWORK)
        detail = f"can't update unrecognized section of network '{_name(definition)}'"
        raise VirtError(ErrorCode.NO_SUPPORT, detail, ErrorDomain.NETWORK)
    path, tag, keys = SECTIONS[section]
    piece = document.parse(xml, "network_update_xml", ErrorDomain.NETWORK)
    if piece.tag != tag:
        detail = f"unexpected element <{piece.tag}>, expecting <{tag}>, while updating network '{_name(definition)}'"
        raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.NETWORK)
    changed = copy.deepcopy(definition)
    holder = _holder(changed, path, index)
    same = [one for one in holder.all(tag) if _same(one, piece, keys)]
    if command in (ADD_FIRST, ADD_LAST):
        if same:
            told = f"there is an existing {_path(path)} {tag} entry in network '{_name(definition)}' that matches"
            raise _invalid(told + (_shown_host(piece) if section == DHCP_HOST else ""))
        place = 0 if command == ADD_FIRST else len(holder.children)
        holder.children.insert(place, piece)
    elif not same:
        raise _invalid(f"couldn't locate a matching {_path(path)} {tag} entry in network '{_name(definition)}'")
    elif command == DELETE:
        holder.children = [one for one in holder.children if one is not same[0]]
    else:
        holder.children = [piece if one is same[0] else one for one in holder.children]
    changed.children = [one for one in changed.children if one.tag != "dns" or one.children]
    return changed


def _shown_host(host: Node) -> str:
    """A host as libvirt's message has it, with what a C program prints for nothing."""
    mac, name, address = (host.get(key) or "(null)" for key in ("mac", "name", "ip"))
    return f" \"<host mac='{mac}' name='{name}' ip='{address}'/>\""


def _holder(root: Node, path: str, index: int) -> Node:
    """The element that the section's elements stand in, made if there is none."""
    node = root
    for step in path.split("/") if path else ():
        found = list(node.all(step))
        place = max(index, 0) if step == "ip" else 0
        node = found[place] if place < len(found) else node.add(step)
    return node


def _same(one: Node, other: Node, keys: tuple[str, ...]) -> bool:
    if keys[0] == "mac":  # any of a host's names makes it the same host
        return any(one.get(key) is not None and one.get(key) == other.get(key) for key in keys)
    return all(one.get(key) == other.get(key) for key in keys)


def _name(definition: Node) -> str:
    name = definition.find("name")
    return name.text if name is not None else ""


def _path(path: str) -> str:
    return path.rpartition("/")[2]


def _invalid(detail: str) -> VirtError:
    return VirtError(ErrorCode.OPERATION_INVALID, detail, ErrorDomain.NETWORK)
