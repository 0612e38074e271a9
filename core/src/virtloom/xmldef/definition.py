"""Definitions: immutable values whose fields are declared in the order in which libvirt writes them.

    class Target(Definition, tag="target"):
        dev: str = attr(required=True)
        bus: str | None = attr(Words("ide", "scsi", "virtio"))
        removable: bool | None = attr(on_off)

    target = Target.read(node)
    target.replace(bus="scsi").node()

What is None or () is not written, nor a flag that is not set. Unknown elements and attributes are passed over, as
libvirt does.

Guarantees: a definition never changes; `replace` makes another. The class builder is light, because there are hundreds
of classes and they are made at every start.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from operator import is_
from typing import Any, ClassVar, Self

from virtloom.errors import VirtError
from virtloom.xmldef.document import Node, write
from virtloom.xmldef.fields import Attr, Field, attr, child, children, computed, content, flag, leaf, raw, raws
from virtloom.xmldef.values import Misfit

__all__ = [
    "Definition", "Field", "attr", "child", "children", "computed", "content", "flag", "leaf", "raw", "raws",
]  # fmt: skip

TEXTS_KEPT = 4  # of one definition: as it runs, as it was defined, and both with secrets


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
    _attributes: ClassVar[dict[str, tuple[str, Callable[[str], Any], Any]]] = {}
    _elements: ClassVar[dict[str | None, list[Field]]] = {}  # by the field's sign
    _required: ClassVar[frozenset[str]] = frozenset()
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
        attributes = [field for field in fields if isinstance(field, Attr)]
        cls._attributes = {field.xml: (field.name, field.kind.parse, field.default) for field in attributes}
        cls._required = frozenset([field.xml for field in attributes if field.required])
        elements: dict[str | None, list[Field]] = {}
        for field in fields:
            if not isinstance(field, Attr):
                elements.setdefault(field.sign, []).append(field)
        cls._elements = elements
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
        for name, value in changes.items():
            old = getattr(self, name)
            if old is not value and not (type(value) is tuple and _same(old, value)):
                break
        else:
            return self
        self._refuse_unknown(changes)
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
        try:
            cls._fill(made.__dict__, node)
        except (Misfit, VirtError):
            for field in cls.fields:  # of several mistakes, the one of the first field is told
                field.read(node)
            raise
        return made

    @classmethod
    def _fill(cls, state: dict[str, Any], node: Node) -> None:
        """Read what an element has, in its own order: most definitions lack most of their fields."""
        attrs = node.attrs
        if not cls._required <= attrs.keys():
            raise Misfit
        known = cls._attributes
        for xml, text in attrs.items():
            if xml in known:
                name, parse, default = known[xml]
                value = parse(text)
                if value is not default:
                    state[name] = value
        elements = cls._elements
        signs: set[str | None] = {child.tag for child in node.children}
        signs.add(None)
        for sign in signs:
            for field in elements.get(sign, ()):
                value = field.read(node)
                if value is not field.default:
                    state[field.name] = value

    @classmethod
    def packed(cls, fields: dict[str, Any]) -> Self:
        """The definition that has these fields, in the least memory.

        CPython keeps an object's fields in it until somebody asks for its dictionary, which takes 64 bytes more.
        """
        made = cls.__new__(cls)
        for name, value in fields.items():
            object.__setattr__(made, name, value)
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
        try:
            return texts[key]
        except KeyError:
            if len(texts) >= TEXTS_KEPT:
                texts.clear()
            made = texts[key] = make()
            return made

    def format(self, indent: int = 0) -> str:
        """The definition as text, as libvirt writes it."""
        return write(self.node(), indent)
