"""RFC 4506: round trips, limits both ways, and one error for whatever cannot be read."""

from __future__ import annotations

import contextlib
import re
from itertools import repeat
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from virtloom.wire import admin, lxc, qemu, remote
from virtloom.xdr import (
    Array,
    Bytes,
    DecodeError,
    EncodeError,
    Number,
    Optional,
    Struct,
    Type,
    Union,
    array,
    boolean,
    char,
    double,
    int32,
    int64,
    opaque,
    optional,
    string,
    struct,
    uchar,
    uint32,
    uint64,
    union,
    ushort,
    vararray,
    varopaque,
)

SMALL = 5  # elements and bytes that a strategy makes at most; limits are tested by themselves


def strategy(of: Type) -> st.SearchStrategy[Any]:
    """Values of a type."""
    if isinstance(of, Number):
        return st.floats(allow_nan=False) if of is double else st.integers(of.low, of.high)
    if isinstance(of, Bytes):
        if of.text:
            text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=SMALL)
            return text.filter(lambda value: len(value.encode()) <= of.limit)
        return st.binary(min_size=of.size or 0, max_size=of.size if of.size is not None else min(of.limit, SMALL))
    if isinstance(of, Array):
        least, most = (of.size, of.size) if of.size is not None else (0, min(of.limit, SMALL))
        return st.lists(strategy(of.of), min_size=least, max_size=most)
    if isinstance(of, Optional):
        return st.none() | strategy(of.of)
    if isinstance(of, Union):
        return st.one_of([st.tuples(st.just(number), strategy(arm)) for number, (_, arm) in of.arms.items()])
    assert isinstance(of, Struct)
    return st.tuples(*(strategy(field) for _, field in of.fields))


def types() -> st.SearchStrategy[Type]:
    """Types of any shape."""
    numbers = [int32, uint32, int64, uint64, double, boolean, char, uchar, ushort]
    leaves = st.sampled_from([*numbers, string(9), opaque(3), opaque(16), varopaque(9)])

    def nested(inner: st.SearchStrategy[Type]) -> st.SearchStrategy[Type]:
        return st.one_of(
            inner.map(optional),
            inner.map(lambda of: array(of, 2)),
            inner.map(lambda of: vararray(of, 3)),
            st.tuples(inner, inner).map(lambda pair: union("either", {1: ("a", pair[0]), -2: ("b", pair[1])})),
            st.lists(inner, max_size=5).map(lambda of: Struct("made", {f"f{n}": one for n, one in enumerate(of)})),
        )

    return st.recursive(leaves, nested, max_leaves=8)


STRUCTS = sorted(
    {
        id(body): body
        for program in (remote.PROGRAM, qemu.PROGRAM, lxc.PROGRAM, admin.PROGRAM)
        for row in program.procedures
        for body in (row.args, row.ret, row.message)
        if body is not None
    }.values(),
    key=lambda body: body.name,
)


@given(st.data())
def test_any_value_of_any_type_comes_back(data: st.DataObject) -> None:
    of = data.draw(types())
    value = data.draw(strategy(of))
    encoded = of.encode(value)
    assert len(encoded) % 4 == 0
    decoded, end = of.decode_from(encoded)
    assert end == len(encoded)
    assert of.encode(decoded) == encoded


@settings(max_examples=400)
@given(st.data())
def test_every_struct_of_the_protocol_comes_back(data: st.DataObject) -> None:
    of = data.draw(st.sampled_from(STRUCTS))
    value = data.draw(strategy(of))
    assert of.encode(of.decode(of.encode(value))) == of.encode(value)


@given(st.data())
def test_a_value_cut_short_is_the_decode_error(data: st.DataObject) -> None:
    of = data.draw(types())
    encoded = of.encode(data.draw(strategy(of)))
    cut = data.draw(st.integers(0, max(len(encoded) - 1, 0)))
    if cut < len(encoded):
        with pytest.raises(DecodeError):
            of.decode(encoded[:cut])


@settings(max_examples=400)
@given(st.sampled_from(STRUCTS), st.binary(max_size=300))
def test_arbitrary_bytes_are_a_value_or_the_decode_error(of: Struct, data: bytes) -> None:
    try:
        value = of.decode(data)
    except DecodeError:
        return
    try:
        of.encode(value)
    except EncodeError as error:
        # A narrow number takes four bytes on the wire; nothing else decodes that cannot be encoded.
        raise AssertionError(f"{of!r} decoded what it cannot encode: {value!r}") from error


@settings(max_examples=200)
@given(st.sampled_from(STRUCTS), st.recursive(st.none() | st.integers() | st.text() | st.binary(), st.lists))
def test_arbitrary_values_are_encoded_or_the_encode_error(of: Struct, value: Any) -> None:
    with contextlib.suppress(EncodeError):
        of.encode(value)


def test_the_bytes_of_the_standard() -> None:
    assert int32.encode(-2) == b"\xff\xff\xff\xfe"
    assert uint64.encode(1) == b"\0\0\0\0\0\0\0\1"
    assert string(9).encode("sassy") == b"\0\0\0\5sassy\0\0\0"
    assert opaque(3).encode(b"abc") == b"abc\0"
    assert varopaque(9).encode(b"abcd") == b"\0\0\0\4abcd"
    assert optional(int32).encode(None) == b"\0\0\0\0"
    assert optional(int32).encode(7) == b"\0\0\0\1\0\0\0\7"
    assert vararray(int32, 3).encode([1, 2]) == b"\0\0\0\2\0\0\0\1\0\0\0\2"
    assert uchar.encode(200) == b"\0\0\0\xc8"


def test_a_struct_decodes_to_a_named_tuple() -> None:
    point = struct("point", x=int32, y=int32, from_=optional(string(4)))
    decoded = point.decode(point.encode((1, 2, "here")))
    assert decoded == (1, 2, "here")
    assert (decoded.x, decoded.y, decoded.from_) == (1, 2, "here")
    assert decoded == (1, 2, "here") == point.decode(memoryview(point.encode(decoded)))


def test_a_union_decodes_to_its_arms_number_and_value() -> None:
    either = union("either", {1: ("a", int32), -2: ("b", string(4))})
    assert either.encode((-2, "x")) == b"\xff\xff\xff\xfe\0\0\0\1x\0\0\0"
    decoded = either.decode(either.encode((1, 7)))
    assert (decoded.type, decoded.value) == (1, 7)


def test_what_follows_a_value_is_ignored_and_its_end_told() -> None:
    assert int32.decode_from(b"\0\0\0\1rest") == (1, 4)
    assert int32.decode(b"skip\0\0\0\2", 4) == 2


def test_any_flag_but_zero_is_a_value() -> None:
    assert optional(int32).decode(b"\1\0\0\0\0\0\0\7") == 7


def test_a_zero_byte_ends_a_string() -> None:
    assert string(9).decode(b"\0\0\0\5ab\0cd\0\0\0") == "ab"


@pytest.mark.parametrize(
    ("of", "data"),
    [
        (string(4), b"\0\0\0\5abcde\0\0\0"),
        (string(9), b"\0\0\0\2\xc3\x28\0\0"),
        (varopaque(4), b"\xff\xff\xff\xff"),
        (vararray(int32, 1), b"\0\0\0\2\0\0\0\1\0\0\0\1"),
        (vararray(int32, 1 << 31), b"\x7f\xff\xff\xff"),
        (uchar, b"\0\0\1\0"),
        (ushort, b"\0\1\0\0"),
        (boolean, b"\0\0\0\2"),
        (union("u", {1: ("a", int32)}), b"\0\0\0\2\0\0\0\0"),
        (optional(int32), b"\0\0\0\1"),
    ],
)
def test_what_is_past_a_limit_or_of_no_form_is_refused(of: Type, data: bytes) -> None:
    with pytest.raises(DecodeError):
        struct("holder", field=of).decode(data)
    with pytest.raises(DecodeError):
        of.decode(data)


@pytest.mark.parametrize(
    ("of", "value", "told"),
    [
        (int32, 1 << 31, "field"),
        (uint32, -1, "field"),
        (uchar, 256, "unsigned char"),
        (boolean, 2, "bool"),
        (string(4), "abcde", "past the limit of 4"),
        (string(4), b"ab", "field"),
        (opaque(4), b"abc", "not 4 bytes"),
        (varopaque(4), b"abcde", "past the limit of 4"),
        (vararray(int32, 1), [1, 2], "past the limit of 1"),
        (array(int32, 2), [1], "not 2"),
        (int32, "text", "field"),
        (int32, None, "field"),
        (string(4), None, "field"),
    ],
)
def test_a_value_that_is_none_of_the_type_is_refused_by_field(of: Type, value: Any, told: str) -> None:
    with pytest.raises(EncodeError, match=told):
        struct("holder", field=of).encode((value,))


param = struct("param", field=string(4), value=union("value", {1: ("i", int32), 7: ("s", string(4))}))
record = struct("record", id=int32, params=vararray(param, 3))


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ([("a", (1, 2)), ("b", (1, "no"))], "record.params: element 1: param.value: value.i: int: "),
        ([("a", (7, 5))], "record.params: element 0: param.value: value.s: string<4>: "),
        ([("a",)], "record.params: element 0: param: 2 fields wanted, 1 given"),
        ([("a", (9, 5))], "param.value: there is no arm 9"),
        ([("abcde", (1, 5))], "param.field: 5 is past the limit of 4"),
        ([("a", (1, 5))] * 4, "record.params: 4 is past the limit of 3"),
    ],
)
def test_the_innermost_field_that_is_wrong_is_named(params: Any, told: str) -> None:
    with pytest.raises(EncodeError, match=re.escape(told)):
        record.encode((1, params))


@pytest.mark.parametrize(
    "value", ["ab", {"a": 1, "b": 2}, {"a", "b"}, repeat("a"), None, pytest.param(10**5000, id="huge")]
)
def test_only_a_sequence_that_is_no_text_has_fields_or_elements(value: Any) -> None:
    for of in (struct("pair", a=string(4), b=string(4)), vararray(string(4), 9)):
        with pytest.raises(EncodeError, match="a sequence is wanted"):
            of.encode(value)


class Hostile(list[Any]):
    """A sequence that cannot be looked at."""

    def __len__(self) -> int:
        raise RuntimeError

    def __iter__(self) -> Any:
        raise RuntimeError

    def __index__(self) -> int:
        raise RuntimeError


@pytest.mark.parametrize(
    "of", [int32, uchar, double, string(4), opaque(4), varopaque(4), vararray(int32, 4), param, record]
)
def test_what_an_object_raises_when_it_is_encoded_is_the_encode_error(of: Type) -> None:
    with pytest.raises(EncodeError):
        of.encode(Hostile())


@pytest.mark.parametrize("data", [None, "text", [1, 2, 3], memoryview(bytes(64))[::2], 7])
def test_what_is_no_run_of_bytes_is_the_decode_error(data: Any) -> None:
    with pytest.raises(DecodeError):
        record.decode(data)


@pytest.mark.parametrize("offset", [-1, -4, 9, 1 << 70])
def test_an_offset_outside_the_bytes_is_the_decode_error(offset: int) -> None:
    for of in (int32, opaque(4), string(4)):
        with pytest.raises(DecodeError):
            of.decode(bytes(8), offset)


@pytest.mark.parametrize("of", [struct("nothing"), opaque(0), array(int32, 0), array(struct("nothing"), 3)])
def test_elements_that_take_no_bytes_are_few(of: Type) -> None:
    many = vararray(of, 1 << 31)
    value = many.decode((5).to_bytes(4))
    assert len(value) == 5
    assert many.encode(value) == (5).to_bytes(4)
    with pytest.raises(DecodeError, match="past the limit of 1024"):
        many.decode((1 << 30).to_bytes(4))
    with pytest.raises(EncodeError, match="past the limit of 1024"):
        many.encode([value[0]] * 1025)


def test_the_wrong_number_of_fields_is_told() -> None:
    with pytest.raises(EncodeError, match="2 fields wanted, 3 given"):
        struct("pair", a=int32, b=int32).encode((1, 2, 3))
