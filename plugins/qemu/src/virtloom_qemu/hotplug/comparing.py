"""What of a device cannot be another while the guest runs: tables of places in its element, and what each is called."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom_qemu.hotplug.kinds import value


class Fixed(NamedTuple):
    """Something that stays as it is.

    :ivar words: what is said of a change: `{old}` and `{new}` stand for the values.
    :ivar optional: whether a document that does not say it leaves it as it is.
    """

    path: str
    words: str
    optional: bool = False


def refuse_changes(old: Node, new: Node, table: Iterable[Fixed], code: ErrorCode) -> None:
    """Refuse what a document wants other than the guest has it.

    :raises VirtError: of that code, for the first difference.
    """
    for fixed in table:
        was, wanted = value(old, fixed.path), value(new, fixed.path)
        if wanted != was and not (fixed.optional and wanted is None):
            raise VirtError(code, fixed.words.format(old=was or "(null)", new=wanted or "(null)"))


def refuse_other_alias(old: Node, new: Node) -> None:
    """Refuse another name for a device.

    :raises VirtError: OPERATION_DENIED.
    """
    was, wanted = value(old, "alias@name"), value(new, "alias@name")
    if was is not None and wanted is not None and was != wanted:
        raise VirtError(ErrorCode.OPERATION_DENIED, "changing device alias is not allowed", ErrorDomain.DOMAIN)
    if value(old, "acpi@index") != value(new, "acpi@index"):
        raise VirtError(ErrorCode.OPERATION_DENIED, "changing device 'acpi index' is not allowed", ErrorDomain.DOMAIN)


def rows(words: str, optional: bool, *pairs: tuple[str, str]) -> list[Fixed]:
    """Rows that are worded alike: `%s` stands for what each is called."""
    return [Fixed(path, words.replace("%s", name), optional) for path, name in pairs]
