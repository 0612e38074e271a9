"""Bytes into objects: however they are split, and whatever they are."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtloom_qemu.monitor import decoder
from virtloom_qemu.monitor.decoder import Decoder, Nonsense

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
OBJECTS = st.lists(st.dictionaries(st.text(max_size=8), VALUES, max_size=4), max_size=5)


@given(OBJECTS, st.data())
def test_objects_come_out_however_the_bytes_are_split(objects: list[dict[str, Any]], data: st.DataObject) -> None:
    stream = b"".join(json.dumps(one).encode() + b"\r\n" for one in objects)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    reader, found = Decoder(), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += reader.feed(stream[start:end])
    assert found == objects


@given(st.binary(max_size=200))
def test_any_bytes_give_objects_or_nonsense(data: bytes) -> None:
    try:
        found = Decoder().feed(data + b"\n")
    except Nonsense:
        return
    assert all(isinstance(one, dict) for one in found)


@pytest.mark.parametrize("line", [b"[1]\n", b"7\n", b"{'a': 1}\n", b"{\n", b"[" * 100_000 + b"\n"])
def test_a_line_that_is_no_object_is_nonsense(line: bytes) -> None:
    with pytest.raises(Nonsense):
        Decoder().feed(line)


def test_a_line_without_an_end_is_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder, "LINE_MAX", 100)
    reader = Decoder()
    reader.feed(b"x" * 100)
    with pytest.raises(Nonsense, match="exceeds buffer size"):
        reader.feed(b"x")
