"""Editions: whether anything was published since somebody looked.

Guarantees: whoever reads `current` before it reads the snapshots of the objects may keep what it makes of them for as
long as `current` is still that object. Nothing is counted, so no change is lost when two happen at once; and nobody is
called back, so it may be used under any lock.
"""

from __future__ import annotations


class Edition:
    """What the published snapshots of some objects are together: another one after each change.

    :ivar current: stands for the snapshots as they are now; compared by identity.
    """

    __slots__ = ("current",)

    def __init__(self) -> None:
        self.current = object()

    def renew(self) -> None:
        """Something changed; to be called after it can be seen."""
        self.current = object()
