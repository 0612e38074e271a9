"""From a declaration to straight-line Python: the source of an encoder and a decoder, compiled once for each type.

Neighbouring fields of fixed size become one `struct` format; lists of numbers are packed and unpacked whole; text and
opaque data are sliced in place; a union is a chain of comparisons. Errors are sorted out where it costs nothing on the
good path: whatever the generated code raises on bad input is turned into `EncodeError` or `DecodeError` by one handler
at its end. The bytes of a struct that is declared as `remembered` are made once for each value.
"""

from __future__ import annotations

import struct
from collections import namedtuple
from collections.abc import Callable, Iterator
from itertools import chain, repeat
from keyword import iskeyword
from typing import Any, NamedTuple

from virtloom.xdr.blame import blame, is_sequence
from virtloom.xdr.errors import DecodeError, EncodeError
from virtloom.xdr.kept import Kept
from virtloom.xdr.types import Array, Bytes, Number, Optional, Struct, Type, Union

REMEMBERED = 1 << 15  # values of a struct whose bytes are kept: a list of as many domains is encoded without work
PADDING = (b"", b"\0\0\0", b"\0\0", b"\0")

Encoder = Callable[[Any, bytearray], None]
Decoder = Callable[[Any, int], tuple[Any, int]]


class _Memory(dict[Any, bytes]):
    """The bytes of values, made when they are first asked for. Looking one up costs half of what `lru_cache` costs.

    :param encode: makes them.
    """

    def __init__(self, encode: Callable[[Any], bytes]) -> None:
        self._encode = encode

    def __missing__(self, value: Any) -> bytes:
        encoded = self._encode(value)
        if len(self) >= REMEMBERED:
            self.clear()
        self[value] = encoded
        return encoded


class Codec(NamedTuple):
    """A type's two functions: append a value's bytes; read a value and the offset after it."""

    encode: Encoder
    decode: Decoder


def compile_type(of: Type) -> Codec:
    """The checked codec of a type."""
    source = _Source()
    encode, decode = source.checked_functions(of)
    exec(compile("\n".join(source.lines), f"<codec of {of!r}>", "exec"), source.names)
    return Codec(source.names[encode], source.names[decode])


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
            "int_": struct.Struct(">i").unpack_from,
            "pack_int": struct.Struct(">i").pack,
            "unpack_from": struct.unpack_from,
            "pack": struct.pack,
            "PLAIN": (tuple, list),
            "is_sequence": is_sequence,
            "too_long": too_long,
            "blame": blame,
            "Kept": Kept,
            "BAD_BYTES": (struct.error, ValueError, TypeError, BufferError, OverflowError),
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
            self._write(f"def {known[0]}(v, out):", self._encoder(of))
            self._write(f"def {known[1]}(d, p):", self._decoder(of))
        return known

    def checked_functions(self, of: Type) -> tuple[str, str]:
        """The same for the outermost type, with every failure told as the package's errors.

        The checks are part of the two functions and not a wrapper around them: a wrapper is a third of a small codec.
        """
        encode, decode, told = self.name("encode"), self.name("decode"), self.name("OF", of)
        failed = f"raise EncodeError(blame({told}, v, error)) from error"
        body = ["try:", *_indented(self._encoder(of)), "except EncodeError: raise"]
        # A value is any object, and may raise anything when it is looked at.
        self._write(f"def {encode}(v, out):", [*body, f"except Exception as error: {failed}"])
        missing = f"if p > len(d): raise DecodeError(f'{{{told}!r}}: {{p - len(d)}} bytes are missing at the end')"
        *read, made = self._decoder(of)
        body = [f"if p < 0: raise DecodeError(f'{{{told}!r}}: there is no offset {{p}}')", *read, missing, made]
        failed = f"raise DecodeError(f'{{{told}!r}}: {{error}}') from error"
        body = ["try:", *_indented(body), "except DecodeError: raise", f"except BAD_BYTES as error: {failed}"]
        self._write(f"def {decode}(d, p=0):", body)
        return encode, decode

    def _write(self, head: str, body: list[str]) -> None:
        self.lines += [head, *_indented(body)]

    def _encoder(self, of: Type) -> list[str]:
        body: list[str] = []
        if isinstance(of, Struct):
            fields = [f"f{place}" for place in range(len(of.fields))]
            body.append(_sequence_check("v", of.name))
            body.append(f"({', '.join(fields)}{',' if len(fields) == 1 else ''}) = v" if fields else "() = v")
            self._encode_fields(body, of, fields)
        else:
            self._encode_one(body, of, "v", repr(of))
        return body

    def _decoder(self, of: Type) -> list[str]:
        body: list[str] = []
        if isinstance(of, Struct):
            fields = [f"f{place}" for place in range(len(of.fields))]
            self._decode_fields(body, of, fields)
            made = self.name("C", value_class(of))
            body.append(f"return new({made}, ({', '.join(fields)}{',' if len(fields) == 1 else ''})), p")
        else:
            self._decode_one(body, of, "v", repr(of))
            body.append("return v, p")
        return body

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
            body.append(f"out += {self.name('pack', struct.Struct('>' + code).pack)}({v})")
        elif isinstance(of, Bytes):
            body += self._encode_bytes(of, v, label)
        elif isinstance(of, Array):
            body += self._encode_array(of, v, label)
        elif isinstance(of, Optional):
            inner: list[str] = []
            self._encode_one(inner, of.of, v, label)
            body += [f"if {v} is None:", r"    out += b'\0\0\0\0'", "else:", r"    out += b'\0\0\0\1'"]
            body += _indented(inner)
        elif isinstance(of, Union):
            body += self._encode_union(of, v, label)
        elif isinstance(of, Struct) and of.remembered:
            body += self._encode_remembered(f"{self._memory(of)}({v})", [f"{self.functions(of)[0]}({v}, out)"])
        else:
            body.append(f"{self.functions(of)[0]}({v}, out)")

    def _memory(self, of: Struct) -> str:
        """The name of what gives a value's bytes, made or remembered."""
        if of.memory is None:
            of.memory = _Memory(of.encode).__getitem__
        return self.name("memory", of.memory)

    def _encode_remembered(self, found: str, plain: list[str]) -> list[str]:
        # A list may stand for a struct too, and cannot be looked up.
        return ["try:", f"    out += {found}", "except TypeError:", *_indented(plain)]

    def _decode_one(self, body: list[str], of: Type, v: str, label: str) -> None:
        if code := _code(of):
            form = struct.Struct(">" + code)
            body += [f"{v}, = {self.name('unpack', form.unpack_from)}(d, p)", f"p += {form.size}"]
            body += _decode_checks(of, v, label)
        elif isinstance(of, Bytes):
            body += self._decode_bytes(of, v, label)
        elif isinstance(of, Array):
            body += self._decode_array(of, v, label)
        elif isinstance(of, Optional):
            inner: list[str] = []
            self._decode_one(inner, of.of, v, label)
            body += [f"{v}, = word(d, p)", "p += 4", f"if {v}:", *_indented(inner)]
            body += ["else:", f"    {v} = None"]
        elif isinstance(of, Union):
            body += self._decode_union(of, v, label)
        else:
            body.append(f"{v}, p = {self.functions(of)[1]}(d, p)")

    def _encode_union(self, of: Union, v: str, label: str) -> list[str]:
        kind, value = self.name("k"), self.name("w")
        lines = [_sequence_check(v, label), f"{kind}, {value} = {v}", _arm_check(of, kind, label, "EncodeError")]
        for word, (number, (name, arm)) in zip(_branches(), of.arms.items(), strict=False):
            body = [f"out += pack_int({kind})"]
            self._encode_one(body, arm, value, f"{of.name}.{name}")
            lines += [f"{word} {kind} == {number}:", *_indented(body)]
        return lines

    def _decode_union(self, of: Union, v: str, label: str) -> list[str]:
        kind, value, made = self.name("k"), self.name("w"), self.name("C", namedtuple(of.name, ("type", "value")))
        lines = [f"{kind}, = int_(d, p)", "p += 4", _arm_check(of, kind, label, "DecodeError")]
        for word, (number, (name, arm)) in zip(_branches(), of.arms.items(), strict=False):
            body: list[str] = []
            self._decode_one(body, arm, value, f"{of.name}.{name}")
            lines += [f"{word} {kind} == {number}:", *_indented(body)]
        return [*lines, f"{v} = new({made}, ({kind}, {value}))"]

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
        lines = [_sequence_check(v, label), f"n = len({v})"]
        if of.size is not None:
            lines.append(f"if n != {of.size}: raise EncodeError(f'{label}: {{n}} elements, not {of.size}')")
        else:
            lines.append(f"if n > {of.limit}: raise EncodeError(f'{label}: {{n}} is past the limit of {of.limit}')")
            lines.append("out += pack_word(n)")
        if isinstance(of.of, Number):
            for check in _encode_checks(of.of, "x", label):
                lines += [f"for x in {v}:", f"    {check}"]
            return [*lines, f"out += pack('>%d{of.of.code}' % n, *{v})"]
        lines.append(f"if type({v}) is Kept: {v}.encode_into({self._element_bytes(of.of)}, out)")
        one_by_one = f"for x in {v}: {self.functions(of.of)[0]}(x, out)"
        if isinstance(of.of, Struct) and of.of.remembered:
            joined = f"b''.join(map({self._memory(of.of)}, {v}))"
            return [*lines, "else:", *_indented(self._encode_remembered(joined, [one_by_one]))]
        return [*lines, "else:", f"    {one_by_one}"]

    def _element_bytes(self, of: Type) -> str:
        """The name of what gives the bytes of an element of a list that is kept."""
        return self._memory(of) if isinstance(of, Struct) and of.remembered else self.name("element", of.encode)

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
        decode = self.functions(of.of)[1]
        return [*lines, f"{v} = []", "for _ in range(n):", f"    x, p = {decode}(d, p)", f"    {v}.append(x)"]


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
    return _range_check(of, v, label, "EncodeError")


def _decode_checks(of: Type, v: str, label: str) -> list[str]:
    return _range_check(of, v, label, "DecodeError")


def _range_check(of: Type, v: str, label: str, error: str) -> list[str]:
    if isinstance(of, Number) and of.narrow:
        return [f"if not {of.low} <= {v} <= {of.high}: raise {error}(f'{label}: {{{v}}} is not of {of.name}')"]
    return []


def _sequence_check(v: str, label: str) -> str:
    wrong = f"raise EncodeError(f'{label}: a sequence is wanted, not {{type({v}).__name__}}')"
    return f"if not isinstance({v}, PLAIN) and not is_sequence({v}): {wrong}"


def _arm_check(of: Union, kind: str, label: str, error: str) -> str:
    numbers = ", ".join(str(number) for number in of.arms)
    return f"if {kind} not in {{{numbers}}}: raise {error}(f'{label}: there is no arm {{{kind}}}')"


def _branches() -> Iterator[str]:
    return chain(("if",), repeat("elif"))


def _indented(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]
