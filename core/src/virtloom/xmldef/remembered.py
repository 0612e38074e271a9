"""Documents that come again: tools define what they defined before, and reading a domain takes 0.25 ms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from virtloom.xmldef import chance

T = TypeVar("T")

DOCUMENTS = 128
LONGEST = 1 << 14  # characters of a document that is remembered


class Remembered(Generic[T]):
    """What was made of the last documents.

    A document for which something was made up, such as an address, is made something else of each time.
    Assumes: what is made depends on the document alone and never changes.

    :param make: what is made of a document's text.
    """

    def __init__(self, make: Callable[[str], T]) -> None:
        self._make = make
        self._made: dict[str, T] = {}

    def __call__(self, text: str) -> T:
        """What is made of a document; what `make` raises leaves as it is."""
        try:
            return self._made[text]
        except KeyError:
            pass
        draws = chance.draws()
        made = self._make(text)
        if len(text) <= LONGEST and chance.draws() == draws:
            if len(self._made) >= DOCUMENTS:
                self._made.clear()
            self._made[text] = made
        return made
