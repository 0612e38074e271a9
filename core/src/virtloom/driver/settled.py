"""Answers that are settled until something changes: they are sent again as the bytes that they were.

A method is declared as `settled` if what it returns follows from its arguments and from what the objects of the driver
have published, and from nothing else: no object's lock, no clock, no caller. Its answers are kept under the edition of
these snapshots (`locks.edition`), and go with it. What fails is not kept.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeVar

from virtloom.locks import Edition

ANSWERS = 1024  # of one method; then all of them are forgotten
LONGEST = 16 << 10  # bytes of an answer that is kept

M = TypeVar("M", bound=Callable[..., Any])


def settled(method: M) -> M:
    """Declare a method of a driver; one that takes its place in a subclass is to declare itself."""
    method.settled = True  # type: ignore[attr-defined]
    return method


class _Page(NamedTuple):
    edition: object
    bodies: dict[bytes, bytes]


class Answers:
    """The answers of one method, by the bytes of its arguments. Used by all threads without a lock.

    :param edition: of what the answers follow from.
    """

    __slots__ = ("_page", "edition")

    def __init__(self, edition: Edition) -> None:
        self.edition = edition
        self._page = _Page(None, {})

    def find(self, asked: bytes) -> bytes | None:
        """The answer that holds now; None if it is to be made."""
        page = self._page
        try:
            return page.bodies[asked] if self.edition.holds(page.edition) else None
        except KeyError:
            return None

    def keeper(self) -> Callable[[bytes, bytes], None]:
        """What keeps an answer that is made from now on, for as long as it holds."""
        return partial(self._keep, self.edition.current)

    def _keep(self, seen: object, asked: bytes, body: bytes) -> None:
        if len(body) > LONGEST or not self.edition.holds(seen):
            return
        page = self._page
        if page.edition is not seen or len(page.bodies) >= ANSWERS:
            page = self._page = _Page(seen, {})
        page.bodies[asked] = body


class Settled:
    """The answers of all settled methods of a driver.

    :param edition: of what its objects publish.
    """

    def __init__(self, edition: Edition) -> None:
        self._edition = edition
        self._answers: dict[str, Answers] = {}

    def answers(self, method: Callable[..., Any], name: str) -> Answers | None:
        """Where the answers of a method are kept; None if they are not."""
        if not getattr(method, "settled", False):
            return None
        return self._answers.setdefault(name, Answers(self._edition))
