"""What every kind of document needs: its root, a text, a uuid, children in order."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID, uuid4

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef import document
from virtloom.xmldef.document import Node


def root_of(text: str, what: str, tag: str) -> Node:
    """The root of a document.

    :raises VirtError: XML_ERROR if it is another document's.
    """
    root = document.parse(text, what)
    if root.tag != tag:
        detail = f"unexpected root element <{root.tag}>, expecting <{tag}>"
        raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.XML)
    return root


def text_of(node: Node, path: str) -> str | None:
    """The text of an element, None if there is none or it is empty."""
    found = node.find(path)
    return found.text if found is not None and found.text else None


def uuid_of(node: Node, domain: ErrorDomain) -> bytes:
    """The uuid that a document gives, or a new one."""
    text = text_of(node, "uuid")
    if text is None:
        return uuid4().bytes
    try:
        return UUID(text).bytes
    except ValueError:
        raise VirtError(ErrorCode.XML_ERROR, "malformed uuid element", domain) from None


def ordered(node: Node, tags: Iterable[str]) -> Node:
    """An element with the children that are known, in order."""
    made = Node(node.tag, dict(node.attrs), node.text.strip())
    for tag in tags:
        made.children += node.all(tag)
    return made


def check_name(name: str, domain: ErrorDomain) -> None:
    """Refuse a name that cannot be a file's.

    :raises VirtError: XML_ERROR.
    """
    if "/" in name:
        raise VirtError(ErrorCode.XML_ERROR, f"name {name} cannot contain '/'", domain)
