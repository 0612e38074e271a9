"""All faults of a daemon: added, listed, removed while it runs, and put before the hosts that they are for.

Guarantees: a host with no fault has no interceptor, so faults cost nothing where none is set; a fault that is removed
lets go of what it held back.
Locks: one leaf lock for the list and the counts. What a fault does happens with no lock held.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from virtloom.driver import DriverHost
from virtloom.driver.interception import CallInterceptor, EventInterceptor
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import Level
from virtloom_test.faults.armed import Armed
from virtloom_test.faults.calls import CallFaults
from virtloom_test.faults.events import EventFaults
from virtloom_test.faults.fault import Fault, parse_fault
from virtloom_test.faults.file import read_faults
from virtloom_test.faults.target import Target


class Host(Target, Protocol):
    """A played host, as faults see it."""

    def arm(self, calls: CallInterceptor | None, events: EventInterceptor | None) -> None:
        """Put these before its calls and its events."""
        ...


class Faults:
    """The faults in force.

    :param seed: what chances are drawn from; "" for other ones in each run.
    """

    def __init__(self, host: DriverHost, seed: str = "") -> None:
        self._host = host
        self._seed = seed
        self._lock = host.locks.lock("faults", Level.LEAF)
        self._armed: tuple[Armed, ...] = ()
        self._hosts: tuple[tuple[Host, CallFaults, EventFaults], ...] = ()
        self._added = 0

    # Changing them.

    def add(self, table: Mapping[str, Any]) -> str:
        """Put a fault in force; returns its name.

        :raises VirtError: INVALID_ARG if it is wrong or its name is taken.
        """
        return self._add([parse_fault(table, self._added + 1)])[0]

    def load(self, path: Path) -> list[str]:
        """Put the faults of a file in force, all or none; returns their names.

        :raises VirtError: see `read_faults`.
        """
        return self._add(read_faults(path))

    def _add(self, faults: list[Fault]) -> list[str]:
        names = [fault.name for fault in faults]
        with self._lock:
            taken = {armed.fault.name for armed in self._armed}
            twice = next((name for number, name in enumerate(names) if name in taken or name in names[:number]), None)
            if twice is None:
                self._armed += tuple(Armed(fault, self._seed) for fault in faults)
                self._added += len(faults)
        if twice is not None:
            raise VirtError(ErrorCode.INVALID_ARG, f"there is a fault '{twice}' already")
        self._arm()
        return names

    def remove(self, name: str) -> None:
        """End a fault, and let go of what it held back.

        :raises VirtError: INVALID_ARG if there is none of that name.
        """
        armed = self._named(name)
        with self._lock:
            self._armed = tuple(one for one in self._armed if one is not armed)
        armed.release()
        self._arm()

    def clear(self) -> int:
        """End all faults; returns how many there were."""
        with self._lock:
            ended, self._armed = self._armed, ()
        for armed in ended:
            armed.release()
        self._arm()
        return len(ended)

    def release(self, name: str) -> None:
        """Let what a fault holds back go on.

        :raises VirtError: INVALID_ARG if there is none of that name.
        """
        self._named(name).release()

    def describe(self) -> list[dict[str, Any]]:
        """Each fault with its counts."""
        return [armed.describe() for armed in self._armed]

    def _named(self, name: str) -> Armed:
        for armed in self._armed:
            if armed.fault.name == name:
                return armed
        known = ", ".join(armed.fault.name for armed in self._armed) or "none"
        raise VirtError(ErrorCode.INVALID_ARG, f"there is no fault '{name}'; there are {known}")

    # The hosts that they are for.

    def attach(self, host: Host) -> None:
        """Let the faults be for a host too."""
        with self._lock:
            before = (host, CallFaults(self._host, host, self.hits), EventFaults(self._host, host, self.hits))
            self._hosts = (*self._hosts, before)
        self._arm()

    def detach(self, host: Host) -> None:
        """The host is no more."""
        with self._lock:
            self._hosts = tuple(other for other in self._hosts if other[0] is not host)

    def _arm(self) -> None:
        some_calls = any(not armed.fault.of_events for armed in self._armed)
        some_events = any(armed.fault.of_events for armed in self._armed)
        for host, calls, events in self._hosts:
            host.arm(calls if some_calls else None, events if some_events else None)

    def hits(self, fits: Callable[[Fault], bool]) -> list[Armed]:
        """The faults that hit something that is done now, counted.

        :param fits: whether a fault is about it.
        """
        about = [armed for armed in self._armed if fits(armed.fault)]
        if not about:
            return []
        with self._lock:
            return [armed for armed in about if armed.take()]
