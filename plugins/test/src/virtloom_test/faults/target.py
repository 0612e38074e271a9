"""What a fault may do to a host, beyond holding back its answers."""

from __future__ import annotations

from typing import Protocol

from virtloom.driver import EventSource


class Target(Protocol):
    """A played host."""

    @property
    def uri(self) -> str:
        """The URI that opens it, without a transport."""
        ...

    @property
    def events(self) -> EventSource:
        """Where its events come from."""
        ...

    def crash(self, name: str) -> None:
        """Let a guest of it crash; nothing happens if it does not run."""
        ...
