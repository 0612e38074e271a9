"""The kinds of value: what fits is read and written, what does not is refused in libvirt's words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef import values
from virtloom.xmldef.values import Kind, Misfit, Words, hexadecimal, misfit, scaled

READ: list[tuple[Kind, str, Any]] = [
    (values.uint, "12", 12),
    (values.uint, "0x1F", 31),
    (values.integer, "-3", -3),
    (values.yes_no, "yes", True),
    (values.on_off, "off", False),
    (Words("a", "b"), "b", "b"),
    (values.mac, "52:54:0:AB:cd:EF", "52:54:00:ab:cd:ef"),
    (values.uuid, "c7a5fdbdedaf9455926ad65c16db1809", bytes.fromhex("c7a5fdbdedaf9455926ad65c16db1809")),
    (values.cpus, "0-3,^2,8", frozenset({0, 1, 3, 8})),
]
REFUSED: list[tuple[Kind, str]] = [
    (values.uint, "-1"),
    (values.uint, ""),
    (values.uint, "1x"),
    (values.uint, "4294967296"),
    (values.ulong, "9" * 10_000),
    (values.uint, "٣"),
    (values.positive, "0"),
    (values.yes_no, "Yes"),
    (Words("a", "b"), "c"),
    (values.mac, "52:54:00:ab:cd"),
    (values.mac, "52:54:00:ab:cd:100"),
    (values.uuid, "c7a5fdbd"),
    (values.cpus, "3-1"),
    (values.cpus, "0-99999999"),
    (values.cpus, "a"),
]


@pytest.mark.parametrize(("kind", "text", "value"), READ)
def test_a_text_that_fits_is_read(kind: Kind, text: str, value: Any) -> None:
    assert kind.parse(text) == value


@pytest.mark.parametrize(("kind", "text"), REFUSED)
def test_a_text_that_does_not_fit_is_refused(kind: Kind, text: str) -> None:
    with pytest.raises(Misfit):
        kind.parse(text)


def test_the_error_names_the_attribute_the_element_and_the_value() -> None:
    error = misfit(values.uint, "vcpu", "current", "-5")
    assert error.code is ErrorCode.XML_ERROR
    assert error.message == (
        "XML error: Invalid value for attribute 'current' in element 'vcpu': '-5'. Expected non-negative integer value"
    )


@given(st.integers(0, (1 << 32) - 1))
def test_hexadecimal_numbers_keep_their_digits(number: int) -> None:
    kind = hexadecimal(4)
    text = kind.format(number)
    assert kind.parse(text) == number
    assert len(text) >= len("0x0000")


@given(st.frozensets(st.integers(0, 200), min_size=1))
def test_a_set_that_is_written_reads_as_it_was(members: frozenset[int]) -> None:
    assert values.cpus.parse(values.cpus.format(members)) == members


@given(st.binary(min_size=16, max_size=16))
def test_a_uuid_that_is_written_reads_as_it_was(raw: bytes) -> None:
    assert values.uuid.parse(values.uuid.format(raw)) == raw


@pytest.mark.parametrize(
    ("unit", "factor"),
    [(None, 1024), ("", 1024), ("b", 1), ("bytes", 1), ("KB", 1000), ("k", 1024), ("MiB", 1 << 20), ("GB", 10**9)],
)
def test_a_unit_stands_for_its_bytes(unit: str | None, factor: int) -> None:
    assert scaled(3, unit, 1024) == 3 * factor


def test_an_unknown_unit_is_refused() -> None:
    with pytest.raises(VirtError) as caught:
        scaled(1, "parsec")
    assert (caught.value.code, caught.value.message) == (
        ErrorCode.INVALID_ARG,
        "invalid argument: unknown suffix 'parsec'",
    )


def test_a_size_past_the_limit_is_refused() -> None:
    with pytest.raises(VirtError) as caught:
        scaled(1 << 62, "GiB")
    assert caught.value.code is ErrorCode.OVERFLOW
