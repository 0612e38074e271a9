"""Definitions: immutable values whose fields are declared in the order in which libvirt writes them.

    class Target(Definition, tag="target"):
        dev: str = attr(required=True)
        bus: str | None = attr(Words("ide", "scsi", "virtio"))
        removable: bool | None = attr(on_off)

    target = Target.read(node)
    target.replace(bus="scsi").node()

A field is an attribute (`attr`), an element's text (`leaf`), an element that is there or not (`flag`), an element with
fields of its own (`child`, `children`), the element's own text (`content`), or something kept as it stands (`raw`).
What is None or () is not written, nor a flag that is not set. Unknown elements and attributes are passed over, as
libvirt does.

Guarantees: a definition never changes; `replace` makes another. The class builder is light, because there are hundreds
of classes and they are made at every start.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from operator import is_
from typing import Any, ClassVar, Self

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef import values
from virtloom.xmldef.document import Node, write
from virtloom.xmldef.values import Kind, Misfit, misfit

TEXTS_KEPT = 4  # of one definition: as it runs, as it was defined, and both with secrets


class Field:
    """One field: where it stands in an element.

    :ivar name: the class's name for it; the XML's unless `xml` says otherwise.
    """

    default: Any = None
    absent: Any = None  # the value that is not written: None, False or ()

    @property
    def sign(self) -> str | None:
        """The attribute or element without which `read` gives the default; None if it is always to be asked."""
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
    """An attribute."""

    def __init__(self, kind: Kind, xml: str | None, default: Any, required: bool) -> None:
        super().__init__(xml)
        self._kind = kind
        self._required = required
        self.default = default

    @property
    def sign(self) -> str | None:
        """See `Field.sign`."""
        return None if self._required else self.xml

    def read(self, node: Node) -> Any:
        """See `Field.read`."""
        text = node.attrs.get(self.xml)
        if text is None:
            if self._required:
                detail = f"Missing required attribute '{self.xml}' in element '{node.tag}'"
                raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.XML)
            return self.default
        return _value(self._kind, text, node.tag, self.xml)

    def write(self, value: Any, node: Node) -> None:
        """See `Field.write`."""
        node.attrs[self.xml] = self._kind.format(value)


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
    """An element with fields of its own, once."""

    def __init__(self, of: Any, xml: str | None) -> None:
        super().__init__(xml)
        self._of = of

    def bind(self, name: str) -> None:
        """See `Field.bind`."""
        self.name = name
        self.xml = self.xml or self._of.tag or name

    def read(self, node: Node) -> Any:
        """See `Field.read`."""
        found = node.find(self.xml)
        return None if found is None else self._of.read(found)

    def write(self, value: Any, node: Node) -> None:
        """See `Field.write`."""
        parent = node
        *path, tag = self.xml.split("/")
        for step in path:
            parent = parent.find(step) or parent.add(step)
        parent.children.append(value.node(tag))


class Children(Child):
    """Elements with fields of their own, any number."""

    default = ()
    absent = ()

    def read(self, node: Node) -> Any:
        """See `Field.read`."""
        parent: Node | None = node
        *path, tag = self.xml.split("/")
        for step in path:
            parent = parent.find(step) if parent is not None else None
        return () if parent is None else tuple(self._of.read(found) for found in parent.all(tag))

    def write(self, value: Any, node: Node) -> None:
        """See `Field.write`."""
        for one in value:
            super().write(one, node) if "/" not in self.xml else self._nest(one, node)

    def _nest(self, one: Any, node: Node) -> None:
        Child.write(self, one, node)


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


def _same(old: Any, new: tuple[Any, ...]) -> bool:
    """Whether two tuples hold the same objects; whether the objects are equal would take longer to find out."""
    return type(old) is tuple and len(old) == len(new) and all(map(is_, old, new))


class Definition:
    """The base of all definitions; `tag` is the element's name.

    What was not given is not in the instance's dictionary: the class has the defaults.
    """

    __slots__ = ("_texts",)  # beside the fields, which are in the instance's dictionary
    _texts: dict[Hashable, str]
    tag: ClassVar[str] = ""
    fields: ClassVar[tuple[Field, ...]] = ()
    _names: ClassVar[frozenset[str]] = frozenset()
    _reading: ClassVar[tuple[tuple[str | None, str, Callable[[Node], Any], Any], ...]] = ()
    _writing: ClassVar[tuple[tuple[str, Any, Any, Callable[[Any, Node], None]], ...]] = ()

    def __init_subclass__(cls, tag: str | None = None) -> None:
        if tag is not None:
            cls.tag = tag
        own = [(name, value) for name, value in vars(cls).items() if isinstance(value, Field)]
        for name, field in own:
            field.bind(name)
            setattr(cls, name, field.default)
        inherited = [field for field in cls.fields if field.name not in dict(own)]
        cls.fields = fields = (*inherited, *(field for _, field in own))
        cls._names = frozenset([field.name for field in fields])
        cls._reading = tuple([(field.sign, field.name, field.read, field.default) for field in fields])
        cls._writing = tuple([(field.name, field.default, field.absent, field.write) for field in fields])

    def __init__(self, **given: Any) -> None:
        self._refuse_unknown(given)
        self.__dict__.update(given)

    def _refuse_unknown(self, given: dict[str, Any]) -> None:
        if not self._names.issuperset(given):
            unknown = ", ".join(sorted(given.keys() - self._names))
            raise TypeError(f"{type(self).__name__} has no field {unknown}")

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable; replace({name}=...) makes another")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, field.name) == getattr(other, field.name) for field in self.fields)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self._set())
        return f"{type(self).__name__}({shown})"

    def _set(self) -> Iterator[tuple[str, Any]]:
        return ((f.name, v) for f in self.fields if (v := getattr(self, f.name)) is not None and v != f.absent)

    def replace(self, **changes: Any) -> Self:
        """Another definition, with some fields changed; this one, if they have these values already."""
        self._refuse_unknown(changes)
        for name, value in changes.items():
            old = getattr(self, name)
            if old is not value and not (type(value) is tuple and _same(old, value)):
                break
        else:
            return self
        made = self.__class__.__new__(self.__class__)
        state = made.__dict__
        state.update(self.__dict__)
        state.update(changes)
        return made

    @classmethod
    def read(cls, node: Node) -> Self:
        """The definition that an element is.

        :raises VirtError: XML_ERROR and others, in libvirt's words.
        """
        made = cls.__new__(cls)
        state = made.__dict__
        signs: set[str | None] = {child.tag for child in node.children}
        signs.update(node.attrs)
        signs.add(None)
        for sign, name, read, default in cls._reading:
            if sign in signs:
                value = read(node)
                if value is not default:
                    state[name] = value
        return made

    def node(self, tag: str | None = None) -> Node:
        """The element that the definition is."""
        node = Node(tag or self.tag)
        state = self.__dict__
        for name, default, absent, write_field in self._writing:
            value = state.get(name, default)
            if value is not None and value is not absent:
                write_field(value, node)
        return node

    def text(self, key: Hashable, make: Callable[[], str]) -> str:
        """A text that is made of the definition, made once: a definition never changes, so neither does its text.

        :param key: which of its texts.
        """
        try:
            texts = self._texts
        except AttributeError:
            texts = {}
            object.__setattr__(self, "_texts", texts)
        found = texts.get(key)
        if found is None:
            if len(texts) >= TEXTS_KEPT:
                texts.clear()
            found = texts[key] = make()
        return found

    def format(self, indent: int = 0) -> str:
        """The definition as text, as libvirt writes it."""
        return write(self.node(), indent)
