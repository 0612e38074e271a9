"""How a document means one device of a definition, and how a definition comes to have one more or less."""

from __future__ import annotations

from typing import Any

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.hotplug.kinds import KINDS, SINGLE, Kind, Lack, value

MULTIPLE = "multiple matching devices found"


def as_node(device: Any, tag: str) -> Node:
    """A device as an element."""
    return device if isinstance(device, Node) else device.node(tag)


def every(definition: Domain, kind: Kind) -> tuple[Any, ...]:
    """The devices of a kind; of some kinds there is at most one."""
    found = getattr(definition.parts, kind.field)
    if isinstance(found, tuple):
        return found
    return () if found is None else (found,)


def find(definition: Domain, node: Node, lack: Lack) -> Any:
    """The device of a definition that a document means.

    :param lack: the error if there is none.
    :raises VirtError: OPERATION_FAILED if it may mean several interfaces.
    """
    kind = KINDS[node.tag]
    found = [one for one in every(definition, kind) if means(kind, node, as_node(one, node.tag))]
    if not found:
        raise lack.error(node)
    if node.tag == "interface" and len(found) > 1:
        mac = value(node, "mac@address")
        detail = f"multiple devices matching MAC address {mac.lower()} found" if mac else MULTIPLE
        raise VirtError(ErrorCode.OPERATION_FAILED, detail, ErrorDomain.DOMAIN)
    return found[0]


def means(kind: Kind, node: Node, one: Node) -> bool:
    """Whether a document means a device."""
    same = all(value(node, path) == value(one, path) for path in kind.marks) and same_place(node, one)
    hinted = ((path, text) for path in kind.hints if (text := value(node, path)) is not None)
    same = same and all(text.lower() == (value(one, path) or "").lower() for path, text in hinted)
    return same and (node.tag != "hostdev" or _source(node) == _source(one))


def _source(node: Node) -> Any:
    """What a device of the host's is known by: where it sits there, or who made it."""
    source = node.find("source")
    place = source.find("address") if source is not None else None
    if place is not None:
        return {name: _plain(text) for name, text in place.attrs.items()}
    return [] if source is None else [(one.tag, one.get("id") or one.get("name")) for one in source.children]


def same_place(node: Node, one: Node) -> bool:
    """Whether a device sits where a document says, and is called so, if it says anything."""
    place, own = node.find("address"), one.find("address")
    if place is not None and own is not None and place.get("type") == own.get("type"):
        given = (name for name in place.attrs if name != "type")
        if any(_plain(place.get(name)) != _plain(own.get(name)) for name in given):
            return False
    elif place is not None and node.tag != "disk":
        return False
    alias = value(node, "alias@name")
    return alias is None or value(one, "alias@name") in (alias, None)


def _plain(text: str | None) -> int | str | None:
    try:
        return None if text is None else int(text, 0)
    except ValueError:
        return text


def find_by_alias(definition: Domain, alias: str) -> tuple[str, Any]:
    """The kind and the device that an alias is of.

    :raises VirtError: INTERNAL_ERROR if none has it.
    """
    for tag, kind in KINDS.items():
        for one in every(definition, kind):
            if value(as_node(one, tag), "alias@name") == alias:
                return tag, one
    detail = f"no device found with alias {alias}"
    raise VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.DOMAIN)


def refuse_second(definition: Domain, node: Node, code: ErrorCode = ErrorCode.OPERATION_INVALID) -> None:
    """Refuse a device of which there cannot be two, if the definition has it.

    :raises VirtError: of that code.
    """
    kind = KINDS[node.tag]
    if kind.there is None or (node.tag == "controller" and node.get("index") is None):
        return
    if any(node.tag in SINGLE or means(kind, node, as_node(one, node.tag)) for one in every(definition, kind)):
        shown = kind.marks[len(kind.marks) - kind.there.count("%s") :]
        raise VirtError(code, kind.there % tuple(value(node, path) for path in shown))


def grafted(live: Domain, completed: Domain, field: str) -> Domain:
    """The definition of a guest with what came to it when it was completed with a device more, and nothing else.

    :param field: where the device is; the controllers and the console that come with one come too.
    """
    changes: dict[str, Any] = {}
    for name in (field, "controllers", "consoles"):
        there, wanted = getattr(live.parts, name), getattr(completed.parts, name)
        known = {_alias(one): one for one in there if _alias(one)} if isinstance(there, tuple) else {}
        changes[name] = tuple(known.get(_alias(one), one) for one in wanted) if isinstance(wanted, tuple) else wanted
    return live.with_devices(**changes).replace(memory=completed.memory, current_memory=completed.current_memory)


def _alias(device: Any) -> str | None:
    """What a device is called in its run; None if it has no name, or none yet."""
    alias = device.find("alias") if isinstance(device, Node) else getattr(device, "alias", None)
    return alias.get("name") if alias is not None else None


def replaced(definition: Domain, tag: str, old: Any, *new: Any) -> Domain:
    """A definition with others in one device's place, or none."""
    kind = KINDS[tag]
    rows = ((new if one is old else (one,)) for one in every(definition, kind))
    return _put(definition, kind, tuple(one for row in rows for one in row))


def _put(definition: Domain, kind: Kind, devices: tuple[Any, ...]) -> Domain:
    single = not isinstance(getattr(definition.parts, kind.field), tuple) and kind.field == "vsock"
    return definition.with_devices(**{kind.field: next(iter(devices), None) if single else devices})
