"""Long arrays that come again: elements in pieces, whose bytes are made once.

Of two lists of which one element differs, all pieces but one can be the same objects, so that only that one is looked
at and encoded again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

Encode = Callable[[Any], bytes]
Convert = Callable[[Any], Any]


class Piece(tuple[Any, ...]):
    """Some elements, and what was made of them: for one type and by one conversion, whichever comes first."""

    _encoded: bytes | None = None
    _converted: Piece | None = None

    def encoded(self, encode: Encode) -> bytes:
        """The elements' bytes, one after the other."""
        if self._encoded is None:
            self._encoded = b"".join(map(encode, self))
        return self._encoded

    def converted(self, convert: Convert) -> Piece:
        """A piece of what each element is made into."""
        if self._converted is None:
            self._converted = Piece(map(convert, self))
        return self._converted


class Kept(Sequence[Any]):
    """The elements of some pieces, one after the other."""

    __slots__ = ("_length", "pieces")

    def __init__(self, pieces: Iterable[Piece]) -> None:
        self.pieces = tuple(pieces)
        self._length = sum(map(len, self.pieces))

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Any]:
        return chain.from_iterable(self.pieces)

    def __getitem__(self, place: Any) -> Any:
        return tuple(self)[place]

    def encode_into(self, encode: Encode, out: bytearray) -> None:
        """Append the elements' bytes."""
        for piece in self.pieces:
            out += piece.encoded(encode)

    def converted(self, convert: Convert) -> Kept:
        """What each element is made into, made once for each piece."""
        return Kept(piece.converted(convert) for piece in self.pieces)
