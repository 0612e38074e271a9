"""From a declaration to straight-line Python: the source of an encoder and a decoder, compiled once for each type.

Neighbouring fields of fixed size become one `struct` format; lists of numbers are packed and unpacked whole; text and
opaque data are sliced in place. Errors are sorted out where it costs nothing on the good path: whatever the generated
code raises on bad input is turned into `EncodeError` or `DecodeError` by the one wrapper around it.
"""

from __future__ import annotations

import struct
from collections import namedtuple
from collections.abc import Callable
from keyword import iskeyword
from typing import Any, NamedTuple

from virtloom.xdr.errors import DecodeError, EncodeError
from virtloom.xdr.types import Array, Bytes, Enum, Number, Optional, Struct, Type, Union

PADDING = (b"", b"\0\0\0", b"\0\0", b"\0")
NARROW = {"char": (-128, 255), "unsigned char": (0, 255), "unsigned short": (0, 65535)}

Encoder = Callable[[Any, bytearray], None]
Decoder = Callable[[Any, int], tuple[Any, int]]


class Codec(NamedTuple):
    """A type's two functions: append a value's bytes; read a value and the offset after it."""

    encode: Encoder
    decode: Decoder


def compile_type(of: Type) -> Codec:
    """The checked codec of a type."""
    source = _Source()
    encode, decode = source.functions(of)
    exec(compile("\n".join(source.lines), f"<codec of {of!r}>", "exec"), source.names)
    return _guarded(of, source.names[encode], source.names[decode])


def _guarded(of: Type, encode: Encoder, decode: Decoder) -> Codec:
    """Both functions with their failures told as the package's errors."""

    def checked_encode(value: Any, buffer: bytearray) -> None:
        try:
            encode(value, buffer)
        except EncodeError:
            raise
        except (struct.error, TypeError, ValueError, AttributeError, OverflowError, KeyError) as error:
            raise EncodeError(f"{of!r}: {_blame(of, value) or error}") from error

    def checked_decode(data: Any, offset: int = 0) -> tuple[Any, int]:
        try:
            value, end = decode(data, offset)
        except DecodeError:
            raise
        except (struct.error, ValueError, IndexError, OverflowError) as error:
            raise DecodeError(f"{of!r}: {error}") from error
        if end > len(data):
            raise DecodeError(f"{of!r}: {end - len(data)} bytes are missing at the end")
        return value, end

    return Codec(checked_encode, checked_decode)


def _blame(of: Type, value: Any) -> str | None:
    """Which field of a struct cannot be encoded, and why; None if that is not to be told."""
    if not isinstance(of, Struct):
        return None
    try:
        values = tuple(value)
    except TypeError:
        return f"{value!r} has no fields"
    if len(values) != len(of.fields):
        return f"{len(of.fields)} fields wanted, {len(values)} given"
    for (name, field), one in zip(of.fields, values, strict=True):
        try:
            field.encode(one)
        except EncodeError as error:
            return f"field {name}: {error}"
    return None


def value_class(of: Struct) -> Any:
    """The named tuple that a struct's values are; a reserved name gets a trailing underscore."""
    if of.value_class_ is None:
        fields = [f"{name}_" if iskeyword(name) else name for name in of.field_names]
        of.value_class_ = namedtuple(of.name, fields)  # type: ignore[misc]
    return of.value_class_


def too_long(what: str, size: int, limit: int) -> DecodeError:
    """The error for a count past its limit."""
    return DecodeError(f"{what}: {size} is past the limit of {limit}")


class _Source:
    """The source that is being written, with the objects that it refers to."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[str, Any] = {
            "new": tuple.__new__,
            "PADDING": PADDING,
            "word": struct.Struct(">I").unpack_from,
            "pack_word": struct.Struct(">I").pack,
            "unpack_from": struct.unpack_from,
            "pack": struct.pack,
            "too_long": too_long,
            "DecodeError": DecodeError,
            "EncodeError": EncodeError,
        }
        self._known: dict[int, tuple[str, str]] = {}
        self._count = 0

    def name(self, prefix: str, value: Any = None) -> str:
        """A fresh name, bound to an object if one is given."""
        self._count += 1
        fresh = f"{prefix}{self._count}"
        if value is not None:
            self.names[fresh] = value
        return fresh

    def functions(self, of: Type) -> tuple[str, str]:
        """The names of a type's two functions, written if they are not yet."""
        known = self._known.get(id(of))
        if known is None:
            known = self._known[id(of)] = (self.name("encode"), self.name("decode"))
            self._write_encoder(known[0], of)
            self._write_decoder(known[1], of)
        return known

    def _write_encoder(self, name: str, of: Type) -> None:
        body: list[str] = []
        if isinstance(of, Struct):
            fields = [f"f{place}" for place in range(len(of.fields))]
            body.append(f"({', '.join(fields)}{',' if len(fields) == 1 else ''}) = v" if fields else "() = v")
            self._encode_fields(body, of, fields)
        else:
            self._encode_one(body, of, "v", repr(of))
        self.lines += [f"def {name}(v, out):", *(f"    {line}" for line in body)]

    def _write_decoder(self, name: str, of: Type) -> None:
        body: list[str] = []
        if isinstance(of, Struct):
            fields = [f"f{place}" for place in range(len(of.fields))]
            self._decode_fields(body, of, fields)
            made = self.name("C", value_class(of))
            body.append(f"return new({made}, ({', '.join(fields)}{',' if len(fields) == 1 else ''})), p")
        else:
            self._decode_one(body, of, "v", repr(of))
            body.append("return v, p")
        self.lines += [f"def {name}(d, p):", *(f"    {line}" for line in body)]

    def _runs(self, of: Struct, fields: list[str]) -> list[list[tuple[str, Type, str]]]:
        """The fields, with neighbours of fixed size put together."""
        runs: list[list[tuple[str, Type, str]]] = []
        for variable, (label, field) in zip(fields, of.fields, strict=True):
            entry = (variable, field, f"{of.name}.{label}")
            if runs and _code(field) and _code(runs[-1][-1][1]):
                runs[-1].append(entry)
            else:
                runs.append([entry])
        return runs

    def _encode_fields(self, body: list[str], of: Struct, fields: list[str]) -> None:
        for run in self._runs(of, fields):
            if not _code(run[0][1]):
                self._encode_one(body, run[0][1], run[0][0], run[0][2])
                continue
            for variable, field, label in run:
                body += _encode_checks(field, variable, label)
            packer = self.name("pack", struct.Struct(">" + "".join(_code(field) for _, field, _ in run)).pack)
            body.append(f"out += {packer}({', '.join(variable for variable, _, _ in run)})")

    def _decode_fields(self, body: list[str], of: Struct, fields: list[str]) -> None:
        for run in self._runs(of, fields):
            if not _code(run[0][1]):
                self._decode_one(body, run[0][1], run[0][0], run[0][2])
                continue
            form = struct.Struct(">" + "".join(_code(field) for _, field, _ in run))
            unpacker = self.name("unpack", form.unpack_from)
            body.append(f"{', '.join(variable for variable, _, _ in run)}, = {unpacker}(d, p)")
            body.append(f"p += {form.size}")
            for variable, field, label in run:
                body += _decode_checks(field, variable, label)

    def _encode_one(self, body: list[str], of: Type, v: str, label: str) -> None:
        if code := _code(of):
            body += _encode_checks(of, v, label)
            body.append(f"out += pack('>{code}', {v})")
        elif isinstance(of, Bytes):
            body += self._encode_bytes(of, v, label)
        elif isinstance(of, Array):
            body += self._encode_array(of, v, label)
        elif isinstance(of, Optional):
            inner: list[str] = []
            self._encode_one(inner, of.of, v, label)
            body += [f"if {v} is None:", r"    out += b'\0\0\0\0'", "else:", r"    out += b'\0\0\0\1'"]
            body += [f"    {line}" for line in inner]
        elif isinstance(of, Union):
            arms = {value: self.names_later(arm)[0] for value, (_, arm) in of.arms.items()}
            table = self.name("arms", _LazyArms(self.names, arms))
            body += [f"k, w = {v}", "out += pack('>i', k)", f"{table}[k](w, out)"]
        else:
            body.append(f"{self.names_later(of)[0]}({v}, out)")

    def _decode_one(self, body: list[str], of: Type, v: str, label: str) -> None:
        if code := _code(of):
            body += [f"{v}, = unpack_from('>{code}', d, p)", f"p += {struct.calcsize('>' + code)}"]
            body += _decode_checks(of, v, label)
        elif isinstance(of, Bytes):
            body += self._decode_bytes(of, v, label)
        elif isinstance(of, Array):
            body += self._decode_array(of, v, label)
        elif isinstance(of, Optional):
            inner: list[str] = []
            self._decode_one(inner, of.of, v, label)
            body += [f"{v}, = word(d, p)", "p += 4", f"if {v}:", *(f"    {line}" for line in inner)]
            body += ["else:", f"    {v} = None"]
        elif isinstance(of, Union):
            arms = {value: self.names_later(arm)[1] for value, (_, arm) in of.arms.items()}
            table = self.name("arms", _LazyArms(self.names, arms))
            made = self.name("C", namedtuple(of.name, ("type", "value")))
            body += ["k, = unpack_from('>i', d, p)", f"if k not in {table}:"]
            body += [f"    raise DecodeError(f'{label}: there is no arm {{k}}')"]
            body += [f"w, p = {table}[k](d, p + 4)", f"{v} = new({made}, (k, w))"]
        else:
            body.append(f"{v}, p = {self.names_later(of)[1]}(d, p)")

    def names_later(self, of: Type) -> tuple[str, str]:
        """The functions of a nested type, written as functions of their own."""
        return self.functions(of)

    def _encode_bytes(self, of: Bytes, v: str, label: str) -> list[str]:
        data = self.name("b")
        lines = [f"{data} = {v}.encode()" if of.text else f"{data} = bytes(memoryview({v}))", f"n = len({data})"]
        if of.size is not None:
            return [
                *lines,
                f"if n != {of.size}: raise EncodeError(f'{label}: {{n}} bytes, not {of.size}')",
                f"out += {data}",
                f"out += PADDING[{of.size & 3}]",
            ]
        return [
            *lines,
            f"if n > {of.limit}: raise EncodeError(f'{label}: {{n}} is past the limit of {of.limit}')",
            "out += pack_word(n)",
            f"out += {data}",
            "out += PADDING[n & 3]",
        ]

    def _decode_bytes(self, of: Bytes, v: str, label: str) -> list[str]:
        if of.size is not None:
            lines = [f"n = {of.size}"]
        else:
            lines = ["n, = word(d, p)", "p += 4", f"if n > {of.limit}: raise too_long('{label}', n, {of.limit})"]
        lines += [
            "e = p + n",
            f"if e > len(d): raise DecodeError('{label}: cut short')",
            f"{v} = str(d[p:e], 'utf-8')" if of.text else f"{v} = bytes(d[p:e])",
            "p = e + (-n & 3)",
        ]
        if of.text:
            lines.append(rf"if '\0' in {v}: {v} = {v}.partition('\0')[0]")
        return lines

    def _encode_array(self, of: Array, v: str, label: str) -> list[str]:
        lines = [f"n = len({v})"]
        if of.size is not None:
            lines.append(f"if n != {of.size}: raise EncodeError(f'{label}: {{n}} elements, not {of.size}')")
        else:
            lines.append(f"if n > {of.limit}: raise EncodeError(f'{label}: {{n}} is past the limit of {of.limit}')")
            lines.append("out += pack_word(n)")
        if isinstance(of.of, Number):
            for check in _encode_checks(of.of, "x", label):
                lines += [f"for x in {v}:", f"    {check}"]
            return [*lines, f"out += pack('>%d{of.of.code}' % n, *{v})"]
        return [*lines, f"for x in {v}: {self.names_later(of.of)[0]}(x, out)"]

    def _decode_array(self, of: Array, v: str, label: str) -> list[str]:
        if of.size is not None:
            lines = [f"n = {of.size}"]
        else:
            lines = ["n, = word(d, p)", "p += 4", f"if n > {of.limit}: raise too_long('{label}', n, {of.limit})"]
        lines.append(f"if n * {of.of.minimum} > len(d) - p: raise DecodeError('{label}: cut short')")
        if isinstance(of.of, Number):
            lines += [f"{v} = list(unpack_from('>%d{of.of.code}' % n, d, p))", f"p += n * {of.of.size}"]
            for check in _decode_checks(of.of, "x", label):
                lines += [f"for x in {v}:", f"    {check}"]
            return lines
        decode = self.names_later(of.of)[1]
        return [*lines, f"{v} = []", "for _ in range(n):", f"    x, p = {decode}(d, p)", f"    {v}.append(x)"]


class _LazyArms(dict[int, Any]):
    """A union's arms by number; their functions are looked up when the source has been compiled."""

    def __init__(self, names: dict[str, Any], arms: dict[int, str]) -> None:
        super().__init__(arms)
        self._names = names

    def __getitem__(self, key: int) -> Any:
        return self._names[super().__getitem__(key)]


def _code(of: Type) -> str:
    """The `struct` code of a type of fixed size; "" for others."""
    if isinstance(of, Number):
        return of.code
    if isinstance(of, Bytes) and of.size is not None and of.size % 4 == 0:
        return f"{of.size}s"
    return ""


def _encode_checks(of: Type, v: str, label: str) -> list[str]:
    """What `struct` does not check by itself."""
    if isinstance(of, Bytes):
        return [f"if len({v}) != {of.size}: raise EncodeError('{label}: not {of.size} bytes')"]
    if isinstance(of, Number) and of.name in NARROW:
        low, high = NARROW[of.name]
        return [f"if not {low} <= {v} <= {high}: raise EncodeError(f'{label}: {{{v}}} is not of {of.name}')"]
    return []


def _decode_checks(of: Type, v: str, label: str) -> list[str]:
    if isinstance(of, Number) and of.name in NARROW and not isinstance(of, Enum):
        low, high = NARROW[of.name]
        return [f"if not {low} <= {v} <= {high}: raise DecodeError(f'{label}: {{{v}}} is not of {of.name}')"]
    return []
