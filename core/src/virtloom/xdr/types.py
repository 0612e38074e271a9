"""RFC 4506 types, declared by value and compiled to codecs on first use.

A declaration costs next to nothing: `struct("point", x=int32, y=int32)` only keeps its fields. The first `encode` or
`decode` writes Python source for the whole type, nested types included, and compiles it; from then on a value passes
through straight-line code that packs neighbouring fields of fixed size in one go.

Guarantees: limits are checked both ways; whatever is decoded or encoded, `DecodeError` or `EncodeError` is raised and
nothing else; a count that the remaining bytes cannot hold is refused before anything is made of it.
Assumes: declarations are not changed after their first use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from virtloom.xdr.compiler import Codec

# No count of remaining bytes bounds elements that take none (empty structs), so this does: else four bytes from a peer
# would make as many values as they can count.
EMPTY_ELEMENTS_MAX = 1024


class Type:
    """Any type: what it is called, and how it turns into bytes and back."""

    _codec: Codec | None = None

    @property
    def codec(self) -> Codec:
        """The compiled codec, made when first asked for."""
        if self._codec is None:
            from virtloom.xdr.compiler import compile_type

            self._codec = codec = compile_type(self)
            # From now on the two are the compiled functions themselves: two calls less for each message.
            self.__dict__.update(encode_into=codec.encode, decode_from=codec.decode)
        return self._codec

    def encode(self, value: Any) -> bytes:
        """A value's bytes.

        :raises EncodeError: if it is not a value of this type.
        """
        buffer = bytearray()
        self.codec.encode(value, buffer)
        return bytes(buffer)

    def encode_into(self, value: Any, buffer: bytearray) -> None:
        """Append a value's bytes.

        :raises EncodeError: if it is not a value of this type; the buffer may then hold a part of it.
        """
        self.codec.encode(value, buffer)

    def decode(self, data: bytes | bytearray | memoryview, offset: int = 0) -> Any:
        """The value at an offset; what follows it is ignored.

        :raises DecodeError: if there is none.
        """
        return self.codec.decode(data, offset)[0]

    def decode_from(self, data: bytes | bytearray | memoryview, offset: int = 0) -> tuple[Any, int]:
        """The value at an offset, and the offset after it.

        :raises DecodeError: if there is none.
        """
        return self.codec.decode(data, offset)

    @property
    def minimum(self) -> int:
        """The fewest bytes that a value takes."""
        return 4

    @property
    def constant(self) -> bool:
        """Whether nobody can change a value that was decoded."""
        return True


class Number(Type):
    """A number of fixed size (RFC 4506, 4.1 to 4.7)."""

    def __init__(self, name: str, code: str, size: int, low: int | None, high: int | None) -> None:
        self.name = name
        self.code = code
        self.size = size
        self.low = low
        self.high = high

    @property
    def narrow(self) -> bool:
        """Whether the four bytes that it takes could hold more than it may be."""
        return self.size == 4 and (self.low, self.high) not in (_INT, _UNSIGNED)

    @property
    def minimum(self) -> int:
        """Its size in bytes."""
        return self.size

    def __repr__(self) -> str:
        return self.name


_INT = (-(1 << 31), (1 << 31) - 1)
_UNSIGNED = (0, (1 << 32) - 1)

int32 = Number("int", "i", 4, *_INT)
uint32 = Number("unsigned int", "I", 4, *_UNSIGNED)
int64 = Number("hyper", "q", 8, -(1 << 63), (1 << 63) - 1)
uint64 = Number("unsigned hyper", "Q", 8, 0, (1 << 64) - 1)
double = Number("double", "d", 8, None, None)
# Four bytes each on the wire, inside arrays too (rpcgen, not the RFC). A C char has a sign or none, by the machine.
char = Number("char", "i", 4, -128, 255)
uchar = Number("unsigned char", "I", 4, 0, 255)
ushort = Number("unsigned short", "I", 4, 0, 65535)
boolean = Number("bool", "i", 4, 0, 1)


class Enum(Number):
    """An integer that has names for some of its values (RFC 4506, 4.3). Others pass: a peer may know more of them."""

    def __init__(self, name: str, values: Mapping[str, int]) -> None:
        super().__init__(name, "i", 4, *_INT)
        self.values = dict(values)


class Bytes(Type):
    """Text or opaque data (RFC 4506, 4.9 to 4.11).

    :ivar size: the fixed size in bytes, or None.
    :ivar limit: the most bytes that it may have.
    :ivar text: whether a value is a `str`, in UTF-8.
    """

    def __init__(self, size: int | None, limit: int, text: bool) -> None:
        self.size = size
        self.limit = limit
        self.text = text

    @property
    def minimum(self) -> int:
        """Its padded size, or its length word."""
        return 4 if self.size is None else (self.size + 3) & ~3

    def __repr__(self) -> str:
        if self.size is not None:
            return f"opaque[{self.size}]"
        return f"{'string' if self.text else 'opaque'}<{self.limit}>"


class Array(Type):
    """Elements of one type (RFC 4506, 4.12 and 4.13).

    :ivar size: how many there always are, or None.
    :ivar limit: how many there may be; of elements that take no bytes, not more than `EMPTY_ELEMENTS_MAX`.
    """

    def __init__(self, of: Type, size: int | None, limit: int) -> None:
        self.of = of
        self.size = size
        self.limit = limit if of.minimum else min(limit, EMPTY_ELEMENTS_MAX)

    @property
    def minimum(self) -> int:
        """Its length word, or its elements."""
        return 4 if self.size is None else self.size * self.of.minimum

    @property
    def constant(self) -> bool:
        """False: it is decoded as a list."""
        return False

    def __repr__(self) -> str:
        return f"{self.of!r}[{self.size}]" if self.size is not None else f"{self.of!r}<{self.limit}>"


class Optional(Type):
    """A value or nothing (RFC 4506, 4.19). Any flag but 0 is taken for a value, 1 is written: go-libvirt needs it."""

    def __init__(self, of: Type) -> None:
        self.of = of

    @property
    def constant(self) -> bool:
        """Whether the value is."""
        return self.of.constant

    def __repr__(self) -> str:
        return f"*{self.of!r}"


class Struct(Type):
    """Fields in order (RFC 4506, 4.14). Values are named tuples; any sequence but text is encoded as one.

    :ivar name: what errors call it.
    :ivar fields: names and types.
    :ivar remembered: whether the bytes of its values are kept, for values that are sent again and again.
    """

    def __init__(self, name: str, fields: Mapping[str, Type]) -> None:
        self.name = name
        self.fields = tuple(fields.items())
        self.remembered = False
        self.value_class_: Any = None  # this and the next are made by the compiler
        self.memory: Callable[[Any], bytes] | None = None

    @property
    def field_names(self) -> tuple[str, ...]:
        """The fields' names, in order."""
        return tuple(name for name, _ in self.fields)

    @property
    def minimum(self) -> int:
        """The sum of its fields."""
        return sum(of.minimum for _, of in self.fields)

    @property
    def constant(self) -> bool:
        """Whether all fields are."""
        return all(of.constant for _, of in self.fields)

    def __repr__(self) -> str:
        return self.name


class Union(Type):
    """One of several types, after the number that says which (RFC 4506, 4.15). A value is `(number, arm's value)`."""

    def __init__(self, name: str, arms: Mapping[int, tuple[str, Type]]) -> None:
        self.name = name
        self.arms = dict(arms)

    @property
    def constant(self) -> bool:
        """Whether all arms are."""
        return all(of.constant for _, of in self.arms.values())

    def __repr__(self) -> str:
        return self.name


def string(limit: int) -> Bytes:
    """Text of at most `limit` bytes of UTF-8; a zero byte ends it, as it does for C."""
    return Bytes(None, limit, True)


def opaque(size: int) -> Bytes:
    """Exactly `size` bytes."""
    return Bytes(size, size, False)


def varopaque(limit: int) -> Bytes:
    """At most `limit` bytes."""
    return Bytes(None, limit, False)


def array(of: Type, size: int) -> Array:
    """Exactly `size` elements."""
    return Array(of, size, size)


def vararray(of: Type, limit: int) -> Array:
    """At most `limit` elements."""
    return Array(of, None, limit)


def optional(of: Type) -> Optional:
    """A value or nothing."""
    return Optional(of)


def struct(name: str, /, **fields: Type) -> Struct:
    """Fields in the order in which they are given. A name that Python reserves gets a trailing underscore."""
    return Struct(name, {field.rstrip("_"): of for field, of in fields.items()})


def remembered(of: Struct) -> Struct:
    """A struct whose values come again and again, as handles do: where it is a part of others, its bytes are kept.

    Values that are equal have the same bytes, so an integer may be given as a number that equals it.
    """
    of.remembered = True
    return of


def union(name: str, arms: Mapping[int, tuple[str, Type]]) -> Union:
    """Arms by their number, each with a name."""
    return Union(name, arms)


def enum(name: str, /, **values: int) -> Enum:
    """Named integers."""
    return Enum(name, values)
