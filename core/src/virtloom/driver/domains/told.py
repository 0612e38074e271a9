"""What is told of all domains, made again only where they changed.

Guarantees: an answer is never older than the moment at which it was asked for, nor than what anybody could see before.
Nothing is locked: two threads that ask at once may both make the same.
Assumes: what is told of a domain follows from its view alone, so that equal views are told alike.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

from virtloom.driver.domains.state import View
from virtloom.locks import Edition
from virtloom.xdr import Kept, Piece

PIECE = 128  # domains
ANSWERS_KEPT = 16  # by what was asked for

Teller = Callable[[View], Any]  # what is told of one domain; None leaves it out


class Answer(NamedTuple):
    """What was told.

    :ivar edition: of what the domains published.
    :ivar views: what it was made of, and :ivar told: what was made, in pieces of the same domains.
    """

    edition: object
    views: Sequence[Sequence[View]]
    told: Kept


NOTHING = Answer(None, (), Kept(()))


class Told:
    """The last answers, by what was asked for.

    :param edition: another one when a domain publishes, comes or goes.
    :param views: all domains, each as it was at its last change.
    """

    def __init__(self, edition: Edition, views: Callable[[], list[View]]) -> None:
        self._edition = edition
        self._views = views
        self._answers: dict[Hashable, Answer] = {}

    def ask(self, asked: Hashable, tell: Teller) -> Kept:
        """What is told of all domains: the same object for as long as none changes.

        :param asked: what is asked for; the same is told in the same way.
        """
        edition = self._edition.current  # before the domains are looked at
        answer = self._answers.get(asked, NOTHING)
        if not self._edition.holds(answer.edition):
            answer = _made(edition, self._views(), tell, answer)
            if len(self._answers) >= ANSWERS_KEPT:
                self._answers.clear()
            self._answers[asked] = answer
        return answer.told


def _made(edition: object, views: list[View], tell: Teller, before: Answer) -> Answer:
    """An answer that has as many of the pieces of the last one as can be."""
    parts = [views[start : start + PIECE] for start in range(0, len(views), PIECE)]
    known = zip(before.views, before.told.pieces, strict=True)
    pieces = []
    for part in parts:
        old, piece = next(known, (None, Piece()))
        # Views that are the same object are not looked into, and that is nearly all of them.
        pieces.append(piece if part == old else Piece(told for view in part if (told := tell(view)) is not None))
    return Answer(edition, parts, Kept(pieces))
