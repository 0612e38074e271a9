"""Lists that are kept have the bytes that any list has, made once."""

from __future__ import annotations

from typing import Any

import pytest

from virtloom.xdr import EncodeError, Kept, Piece, int32, remembered, string, struct, vararray

PLAIN = struct("plain", name=string(8), number=int32)
REMEMBERED = remembered(struct("known", name=string(8), number=int32))


@pytest.mark.parametrize("of", [PLAIN, REMEMBERED])
def test_it_has_the_bytes_of_any_other_list(of: Any) -> None:
    kept = Kept([Piece([("a", 1), ("b", 2)]), Piece(), Piece([("c", 3)])])
    rows = struct("rows", rows=vararray(of, 3))
    assert rows.encode((kept,)) == rows.encode((list(kept),)) == rows.encode((kept,))
    assert (len(kept), kept[2], kept[:1]) == (3, ("c", 3), (("a", 1),))


@pytest.mark.parametrize("of", [PLAIN, REMEMBERED])
def test_it_is_checked_as_any_other(of: Any) -> None:
    rows = struct("rows", rows=vararray(of, 2))
    with pytest.raises(EncodeError, match="past the limit of 2"):
        rows.encode((Kept([Piece([("a", 1)] * 3)]),))
    with pytest.raises(EncodeError, match="past the limit of 8"):
        rows.encode((Kept([Piece([("far too long", 1)])]),))


def test_a_pieces_bytes_are_made_once() -> None:
    made: list[Any] = []

    def encode(value: Any) -> bytes:
        made.append(value)
        return bytes([value])

    one, two, out = Piece([1, 2]), Piece([3]), bytearray()
    Kept([one, two]).encode_into(encode, out)
    Kept([one, Piece([4])]).encode_into(encode, out)
    assert bytes(out) == b"\1\2\3\1\2\4"
    assert made == [1, 2, 3, 4]


def test_a_piece_is_converted_once() -> None:
    kept = Kept([Piece([1, 2]), Piece([3])])
    assert list(kept.converted(str)) == ["1", "2", "3"]
    assert kept.converted(str).pieces[0] is kept.converted(str).pieces[0]
