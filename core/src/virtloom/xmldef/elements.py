"""What every kind of document needs: its root, a text, a uuid, children in order."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef import chance, document
from virtloom.xmldef.document import Node


def root_of(text: str, what: str, tag: str, domain: ErrorDomain) -> Node:
    """The root of a document.

    :param what: what libvirt calls the document in messages.
    :param domain: whose documents these are.
    :raises VirtError: XML_DETAIL in that domain if it is no XML, XML_ERROR if it is another document's.
    """
    root = document.parse(text, what, domain)
    if root.tag != tag:
        detail = f"expecting root element of '{tag}', not '{root.tag}'"
        raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.XML)
    return root


def text_of(node: Node, path: str) -> str | None:
    """The text of an element, None if there is none or it is empty."""
    found = node.find(path)
    return found.text if found is not None and found.text else None


def uuid_of(node: Node, domain: ErrorDomain, code: ErrorCode = ErrorCode.XML_ERROR) -> bytes:
    """The uuid that a document gives, or a new one.

    :raises VirtError: with the domain and the code that its kind of document has for a malformed one.
    """
    text = text_of(node, "uuid")
    if text is None:
        return chance.uuid().bytes
    try:
        return UUID(text).bytes
    except ValueError:
        raise VirtError(code, "malformed uuid element", domain) from None


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
