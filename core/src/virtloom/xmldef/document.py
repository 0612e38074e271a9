"""XML as plain nodes: read with limits, written as libvirt writes it.

Guarantees: no DOCTYPE, no entity of the document's own, and limits on size, depth and count, so that a document costs
no more than it is long; prefixes and namespaces stay as they were written, which `<metadata>` needs.
Assumes: the standard library's expat.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from xml.parsers import expat

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.malformed import Place, describe

DEPTH_MAX = 128
ATTRIBUTES_MAX = 100  # of one element
SHORT = 12  # characters of values that are likely to come again
SHARED_MAX = 1 << 12


class Limits(NamedTuple):
    """The most that a document may have, in characters and in elements."""

    size: int = 8 << 20
    nodes: int = 200_000


LIMITS = Limits()

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "'": "&apos;", '"': "&quot;"})


class Node:
    """An element.

    :ivar tag: its name, with its prefix as written.
    :ivar attrs: its attributes, in order.
    :ivar children: the elements in it.
    :ivar text: the character data before, between and after them, joined.
    :ivar line: where it begins.
    """

    __slots__ = ("attrs", "children", "line", "tag", "text")

    def __init__(self, tag: str, attrs: dict[str, str] | None = None, text: str = "", line: int = 0) -> None:
        self.tag = tag
        self.attrs = attrs or {}
        self.children: list[Node] = []
        self.text = text
        self.line = line

    def get(self, name: str) -> str | None:
        """An attribute's value."""
        return self.attrs.get(name)

    def find(self, path: str) -> Node | None:
        """The first element on a path such as `devices/disk`."""
        for child in self.children:
            if child.tag == path:
                return child
        first, _, rest = path.partition("/")
        parent = self.find(first) if rest else None
        return None if parent is None else parent.find(rest)

    def all(self, tag: str) -> Iterator[Node]:
        """Every element of a name directly in it."""
        return (child for child in self.children if child.tag == tag)

    def add(self, tag: str, attrs: dict[str, str] | None = None, text: str = "") -> Node:
        """A new element in it, at the end."""
        child = Node(tag, attrs, text)
        self.children.append(child)
        return child

    def need(self, tag: str) -> Node:
        """The first element of a name directly in it; a new one if there is none."""
        return self.find(tag) or self.add(tag)

    def drop(self, *tags: str) -> None:
        """Take out every element of these names directly in it."""
        self.children = [child for child in self.children if child.tag not in tags]

    def value(self, path: str, name: str) -> str | None:
        """An attribute of the first element on a path."""
        node = self.find(path)
        return None if node is None else node.attrs.get(name)

    def copy(self) -> Node:
        """Another element of the same contents, which can be changed without changing this one."""
        made = Node(self.tag, dict(self.attrs), self.text, self.line)
        made.children = [child.copy() for child in self.children]
        return made

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Node):
            return NotImplemented
        mine = (self.tag, self.attrs, self.text.strip(), self.children)
        return mine == (other.tag, other.attrs, other.text.strip(), other.children)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{self.tag} of line {self.line}>"


def parse(text: str, what: str = "document", domain: ErrorDomain = ErrorDomain.XML, limits: Limits = LIMITS) -> Node:
    """The root element of a document.

    :param what: what libvirt calls the document in messages, such as `domain_definition`.
    :param domain: whose documents these are; the error for a malformed one carries it.
    :param limits: more than usual for what the host's administrator wrote.
    :raises VirtError: XML_DETAIL with the line and the reason if it is malformed, XML_ERROR if it is past a limit.
    """
    if len(text) > limits.size:
        raise VirtError(ErrorCode.XML_ERROR, f"the {what} has more than {limits.size} characters", ErrorDomain.XML)
    builder = _Builder(what, domain, limits.nodes)
    try:
        builder.parser.Parse(text.encode("utf-8", "surrogatepass"), True)
    except expat.ExpatError as error:
        raise builder.malformed(error, text) from error
    assert builder.root is not None
    return builder.root


_SHARED: dict[str, str] = {}


def _shared(text: str) -> str:
    """The text that stands for all that are equal: `virtio` stands in the documents of most guests."""
    return _SHARED.setdefault(text, text) if len(_SHARED) < SHARED_MAX else _SHARED.get(text, text)


class _Builder:
    """Expat's events become nodes."""

    def __init__(self, what: str, domain: ErrorDomain, nodes: int) -> None:
        self.what = what
        self.domain = domain
        self.root: Node | None = None
        self._open: list[Node] = []
        self._most = nodes
        self._left = nodes
        self.parser = expat.ParserCreate("utf-8")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.StartDoctypeDeclHandler = self._doctype

    def _start(self, tag: str, attrs: dict[str, str]) -> None:
        holders = self._open
        self._left -= 1
        if len(holders) >= DEPTH_MAX:
            raise self._refusal(f"elements are nested more than {DEPTH_MAX} deep")
        if self._left < 0:
            raise self._refusal(f"there are more than {self._most} elements")
        if len(attrs) > ATTRIBUTES_MAX:
            raise self._refusal(f"<{tag}> has more than {ATTRIBUTES_MAX} attributes")
        for name, value in attrs.items():
            if len(value) <= SHORT:
                attrs[name] = _shared(value)
        node = Node(tag, attrs, "", self.parser.CurrentLineNumber)
        if holders:
            holders[-1].children.append(node)
        else:
            self.root = node
        holders.append(node)

    def _end(self, tag: str) -> None:
        node = self._open.pop()
        if node.children:
            if node.text.isspace():
                node.text = ""  # what sets the children apart, which is written anew
        elif 0 < len(node.text) <= SHORT:
            node.text = _shared(node.text)

    def _characters(self, data: str) -> None:
        if self._open:
            self._open[-1].text += data

    def _doctype(self, *about: object) -> None:
        raise self._refusal("a DOCTYPE is not allowed")

    def _refusal(self, reason: str) -> VirtError:
        return VirtError(
            ErrorCode.XML_ERROR, f"({self.what}):{self.parser.CurrentLineNumber}: {reason}", ErrorDomain.XML
        )

    def malformed(self, error: expat.ExpatError, text: str) -> VirtError:
        """The error for a document that is no XML."""
        lines = text.split("\n")
        before = sum(len(line) + 1 for line in lines[: error.lineno - 1])
        # Expat counts a column in characters; a document's end is past its last one.
        at = min(before + error.offset, len(text))
        place = Place(text, at, error.code, [(node.tag, node.line) for node in self._open])
        return VirtError(ErrorCode.XML_DETAIL, describe(self.what, place), self.domain)


def escape(text: str) -> str:
    """Text as it stands in a document, quotes included."""
    return text.translate(_ESCAPES)


def write(node: Node, indent: int = 0) -> str:
    """An element as libvirt writes it: two spaces for each level, single quotes, a line's end after each element."""
    lines: list[str] = []
    _write(node, "  " * indent, lines)
    return "\n".join(lines) + "\n"


def _write(node: Node, space: str, lines: list[str]) -> None:
    head = space + "<" + node.tag
    for name, value in node.attrs.items():
        head += f" {name}='{value.translate(_ESCAPES)}'"
    if node.children:
        text = node.text.strip()
        lines.append(f"{head}>{text.translate(_ESCAPES)}" if text else head + ">")
        for child in node.children:
            _write(child, space + "  ", lines)
        lines.append(f"{space}</{node.tag}>")
    elif node.text:
        lines.append(f"{head}>{node.text.translate(_ESCAPES)}</{node.tag}>")
    else:
        lines.append(head + "/>")
