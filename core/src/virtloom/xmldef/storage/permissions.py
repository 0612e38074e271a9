"""Owner, mode and label of a pool's folder or a volume (`virStorageDefParsePerms`)."""

from __future__ import annotations

from virtloom.xmldef.definition import Definition, computed
from virtloom.xmldef.document import Node
from virtloom.xmldef.elements import text_of
from virtloom.xmldef.storage.refusal import bad

NOBODY = (1 << 32) - 1  # (uid_t)-1: leave as it is


def _read_mode(node: Node) -> int | None:
    text = text_of(node, "mode")
    if text is None:
        return None
    digits = text.strip()
    if not digits or digits.strip("01234567") or int(digits, 8) > 0o777:
        raise bad("malformed octal mode")
    return int(digits, 8)


def _read_id(node: Node, tag: str) -> int | None:
    found = node.find(tag)
    if found is None:
        return None
    try:
        value = int(found.text)
    except ValueError:
        raise bad(f"malformed {tag} element") from None
    if not -1 <= value <= NOBODY:
        raise bad(f"malformed {tag} element")
    return None if value in (-1, NOBODY) else value


def _signed(value: int) -> str:
    return str(value - (1 << 32) if value > NOBODY >> 1 else value)  # libvirt writes them as a C int


class Permissions(Definition, tag="permissions"):
    """What is not given is None, and left as it is.

    :ivar mode: the permission bits; :ivar owner: group: numeric ids.
    """

    mode: int | None = computed(_read_mode, lambda value, node: node.add("mode", text=f"0{value:o}"))
    owner: int | None = computed(
        lambda node: _read_id(node, "owner"), lambda value, node: node.add("owner", text=_signed(value))
    )
    group: int | None = computed(
        lambda node: _read_id(node, "group"), lambda value, node: node.add("group", text=_signed(value))
    )
    label: str | None = computed(lambda node: text_of(node, "label"), lambda value, node: node.add("label", text=value))

    @property
    def is_empty(self) -> bool:
        """Whether nothing is given, so that the element is not written."""
        return self.mode is None and self.owner is None and self.group is None and self.label is None


def read_permissions(node: Node, path: str) -> Permissions | None:
    """The permissions at a place in an element; None if it says nothing of them."""
    found = node.find(path)
    permissions = Permissions.read(found) if found is not None else None
    return None if permissions is None or permissions.is_empty else permissions
