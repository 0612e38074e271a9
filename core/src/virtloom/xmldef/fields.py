"""The kinds of field that a definition has: where each stands in an element, how it is read and written.

An attribute (`attr`), an element's text (`leaf`), an element that is there or not (`flag`), an element with fields of
its own (`child`, `children`), the element's own text (`content`), something kept as it stands (`raw`, `raws`), or
what has a reader of its own (`computed`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef import values
from virtloom.xmldef.document import Node
from virtloom.xmldef.values import Kind, Misfit, misfit


class Field:
    """One field: where it stands in an element.

    :ivar name: the class's name for it; the XML's unless `xml` says otherwise.
    """

    default: Any = None
    absent: Any = None  # the value that is not written: None, False or ()

    @property
    def sign(self) -> str | None:
        """The element without which `read` gives the default; None if it is always to be asked."""
        return self.xml.partition("/")[0]

    def __init__(self, xml: str | None = None) -> None:
        self.name = ""
        self.xml = xml or ""

    def bind(self, name: str) -> None:
        """Learn the name that the class gives it."""
        self.name = name
        self.xml = self.xml or name.rstrip("_").replace("_", "-" if "-" in self.xml else "_")

    def read(self, node: Node) -> Any:
        """The field's value in an element."""
        raise NotImplementedError

    def write(self, value: Any, node: Node) -> None:
        """Put the value into an element."""
        raise NotImplementedError


def _value(kind: Kind, text: str, element: str, attribute: str) -> Any:
    try:
        return kind.parse(text)
    except Misfit:
        raise misfit(kind, element, attribute, text) from None


class Attr(Field):
    """An attribute.

    :ivar kind: of its value; :ivar required: whether an element without it is malformed.
    """

    def __init__(self, kind: Kind, xml: str | None, default: Any, required: bool) -> None:
        super().__init__(xml)
        self.kind = kind
        self.required = required
        self.default = default

    def read(self, node: Node) -> Any:
        """See `Field.read`."""
        text = node.attrs.get(self.xml)
        if text is None:
            if self.required:
                detail = f"Missing required attribute '{self.xml}' in element '{node.tag}'"
                raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.XML)
            return self.default
        return _value(self.kind, text, node.tag, self.xml)

    def write(self, value: Any, node: Node) -> None:
        """See `Field.write`."""
        node.attrs[self.xml] = self.kind.format(value)


class Leaf(Field):
    """An element whose text is the value."""

    def __init__(self, kind: Kind, xml: str | None, default: Any) -> None:
        super().__init__(xml)
        self._kind = kind
        self.default = default

    def read(self, node: Node) -> Any:
        """See `Field.read`."""
        found = node.find(self.xml)
        if found is None or not found.text:
            return self.default
        return _value(self._kind, found.text, self.xml, self.xml)

    def write(self, value: Any, node: Node) -> None:
        """See `Field.write`."""
        node.add(self.xml, text=self._kind.format(value))


class Content(Field):
    """The element's own text."""

    sign = None

    def __init__(self, kind: Kind, default: Any) -> None:
        super().__init__()
        self._kind = kind
        self.default = default

    def read(self, node: Node) -> Any:
        """See `Field.read`."""
        text = node.text if not node.children else node.text.strip()
        return _value(self._kind, text, node.tag, node.tag) if text else self.default

    def write(self, value: Any, node: Node) -> None:
        """See `Field.write`."""
        node.text = self._kind.format(value)


class Flag(Field):
    """An empty element that is there or not."""

    default = False
    absent = False

    def read(self, node: Node) -> Any:
        """See `Field.read`."""
        return node.find(self.xml) is not None

    def write(self, value: Any, node: Node) -> None:
        """See `Field.write`."""
        node.add(self.xml)


class Child(Field):
    """An element with fields of its own, once; it may be on a path, such as `numa/cell`."""

    def __init__(self, of: Any, xml: str | None) -> None:
        super().__init__(xml)
        self._of = of
        self._tag = ""
        self._holders: list[str] = []

    def bind(self, name: str) -> None:
        """See `Field.bind`."""
        self.name = name
        self.xml = self.xml or self._of.tag or name
        *self._holders, self._tag = self.xml.split("/")

    def read(self, node: Node) -> Any:
        """See `Field.read`."""
        found = node.find(self.xml)
        return None if found is None else self._of.read(found)

    def write(self, value: Any, node: Node) -> None:
        """See `Field.write`."""
        self._made(node).children.append(value.node(self._tag))

    def _made(self, node: Node) -> Node:
        """The element that holds it, made if it is not there."""
        for tag in self._holders:
            node = node.need(tag)
        return node


class Children(Child):
    """Elements with fields of their own, any number."""

    default = ()
    absent = ()

    def read(self, node: Node) -> Any:
        """See `Field.read`."""
        parent: Node | None = node
        for step in self._holders:
            parent = parent.find(step) if parent is not None else None
        read, tag = self._of.read, self._tag
        return () if parent is None else tuple([read(found) for found in parent.children if found.tag == tag])

    def write(self, value: Any, node: Node) -> None:
        """See `Field.write`."""
        self._made(node).children += [one.node(self._tag) for one in value]


class Raw(Field):
    """An element kept as it stands."""

    def read(self, node: Node) -> Any:
        """See `Field.read`."""
        return node.find(self.xml)

    def write(self, value: Any, node: Node) -> None:
        """See `Field.write`."""
        node.children.append(value)


class Raws(Field):
    """Elements of one name kept as they stand."""

    default = ()
    absent = ()

    def read(self, node: Node) -> Any:
        """See `Field.read`."""
        return tuple(node.all(self.xml))

    def write(self, value: Any, node: Node) -> None:
        """See `Field.write`."""
        node.children.extend(value)


class Computed(Field):
    """A field with a reader and a writer of its own, for what fits no other kind."""

    sign = None

    def __init__(self, read: Callable[[Node], Any], write: Callable[[Any, Node], object], default: Any) -> None:
        super().__init__()
        self._read = read
        self._write = write
        self.default = default

    def read(self, node: Node) -> Any:
        """See `Field.read`."""
        return self._read(node)

    def write(self, value: Any, node: Node) -> None:
        """See `Field.write`."""
        self._write(value, node)


def attr(kind: Kind = values.text, xml: str | None = None, default: Any = None, required: bool = False) -> Any:
    """An attribute."""
    return Attr(kind, xml, default, required)


def leaf(kind: Kind = values.text, xml: str | None = None, default: Any = None) -> Any:
    """An element whose text is the value."""
    return Leaf(kind, xml, default)


def content(kind: Kind = values.text, default: Any = None) -> Any:
    """The element's own text."""
    return Content(kind, default)


def flag(xml: str | None = None) -> Any:
    """An empty element that is there or not."""
    return Flag(xml)


def child(of: Any, xml: str | None = None) -> Any:
    """An element with fields of its own."""
    return Child(of, xml)


def children(of: Any, xml: str | None = None) -> Any:
    """Elements with fields of their own; `xml` may be a path whose first elements hold them."""
    return Children(of, xml)


def raw(xml: str | None = None) -> Any:
    """An element kept as it stands."""
    return Raw(xml)


def raws(xml: str | None = None) -> Any:
    """Elements of one name kept as they stand."""
    return Raws(xml)


def computed(read: Callable[[Node], Any], write: Callable[[Any, Node], object], default: Any = None) -> Any:
    """A field with a reader and a writer of its own."""
    return Computed(read, write, default)
