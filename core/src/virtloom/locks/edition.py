"""Editions: whether anything was published since somebody looked.

Guarantees: whoever reads `current` before the snapshots of the objects may keep what it makes of them for as long as
`holds` says so: no change can be seen then that is not in it. Nothing is counted, so no change is lost when two happen
at once; and nobody is called back, so it may be used under any lock.
Assumes: appending to a list and popping from it are atomic.

A change is made in a block of the edition, `with edition:`. From its beginning nothing that is kept holds, since the
change may be seen at any moment; at its end there is another edition. Without the beginning, who has seen the change
could be told the old state by what another has kept.
"""

from __future__ import annotations

from types import TracebackType


class Edition:
    """What the published snapshots of some objects are together: another one after each change.

    :ivar current: stands for the snapshots as they are now; compared by identity.
    """

    __slots__ = ("_changing", "current")

    def __init__(self) -> None:
        self.current = object()
        self._changing: list[None] = []  # one for each change that is being made

    def __enter__(self) -> None:
        self._changing.append(None)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.current = object()
        self._changing.pop()

    def holds(self, seen: object) -> bool:
        """Whether what was made after `current` was `seen` is still what would be made.

        Changes are looked for first: one that ends between the two looks has put another edition there by then.
        """
        return not self._changing and self.current is seen
