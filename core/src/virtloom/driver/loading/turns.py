"""In which order drivers are started, and how a client waits who comes before its driver.

A daemon serves from the first moment of its start; what takes long is its drivers. Resource drivers come before
hypervisors, since a guest that starts with the daemon needs networks, pools and secrets; apart from that the one that a
client waits for comes first.
Guarantees: a client waits for the driver that it opens and for what that one needs, and not without end.
Assumes: adding to a set while another thread looks into it does no harm; who adds too late waits for one driver more.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol, TypeVar

from virtloom.driver.declaration import DriverDeclaration
from virtloom.driver.kinds import DriverKind
from virtloom.errors import ErrorCode, ErrorDomain, VirtError

START_WITHIN = 60.0  # seconds that a client waits for a driver's start

Waiting = Callable[[str], AbstractContextManager[Any]]


def not_waiting(what: str) -> AbstractContextManager[Any]:
    """For who has no pool of threads to tell."""
    return nullcontext()


class Turn:
    """One driver's.

    :ivar over: set once the driver runs, or is known not to.
    """

    __slots__ = ("over",)

    def __init__(self) -> None:
        self.over = threading.Event()


class Starting(Protocol):
    """What has a turn: `registry.DriverStatus`."""

    declaration: DriverDeclaration | None
    turn: Turn

    @property
    def name(self) -> str:
        """The driver's."""


S = TypeVar("S", bound=Starting)


class Turns:
    """The turns of a daemon's drivers.

    :param waiting: put around a client's wait.
    """

    def __init__(self, waiting: Waiting) -> None:
        self._waiting = waiting
        self._wanted: set[str] = set()  # the URI schemes that clients wait for
        self._declared = threading.Event()
        self._declared.set()

    def declaring(self) -> None:
        """It will be known later which drivers there are."""
        self._declared.clear()

    def declared(self) -> None:
        """Now it is known."""
        self._declared.set()

    def taken(self, statuses: Iterable[S]) -> Iterator[S]:
        """The drivers one by one, each when it is its turn."""
        pending = list(statuses)
        while pending:
            status = min(pending, key=self._place)
            pending.remove(status)
            yield status

    def _place(self, status: Starting) -> tuple[bool, bool, bool]:
        """What sorts drivers by their turns; those with the same place keep their order."""
        declared = status.declaration
        if declared is None:
            return True, True, True
        wanted = not self._wanted.isdisjoint(declared.schemes)
        hypervisor = declared.kind is DriverKind.HYPERVISOR
        alone = hypervisor and not declared.shares_resources
        return not (wanted and alone), hypervisor, not wanted

    def await_declared(self, *schemes: str) -> None:
        """Wait until it is known which drivers there are.

        :param schemes: those of the driver that is waited for next.
        :raises VirtError: OPERATION_TIMEOUT.
        """
        self._wanted.update(schemes)
        self._await(self._declared, "the drivers")

    def await_turn(self, status: Starting) -> None:
        """Wait until a driver's turn is over, and let it come soon.

        :raises VirtError: OPERATION_TIMEOUT.
        """
        if status.declaration is not None:
            self._wanted.update(status.declaration.schemes)
        self._await(status.turn.over, f"the driver {status.name}")

    def _await(self, event: threading.Event, what: str) -> None:
        if event.is_set():
            return
        with self._waiting(f"the start of {what}"):
            if not event.wait(START_WITHIN):
                detail = f"{what} did not start within {START_WITHIN:.0f} seconds"
                raise VirtError(ErrorCode.OPERATION_TIMEOUT, detail, ErrorDomain.NONE)
