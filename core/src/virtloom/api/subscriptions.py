"""Which events a client asked for, and how each is put into a message.

Guarantees: one message for each registration that an event matches, in the order of the events; what happened before
a registration is not told to it, though it be delivered later. Registrations are
replaced whole, so that the event thread reads them without a lock; a change takes a leaf lock.
Remaining race: an event that is being delivered while its registration ends may still arrive; clients skip it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from virtloom.api.bridge import field_names, to_wire
from virtloom.api.ports import ClientPort
from virtloom.driver.events import Event, EventFamily
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.locks import Lock
from virtloom.wire import qemu, remote
from virtloom.wire.programs import Procedure, Program

PM_REASON = 0  # the `reason` of the power management events, which libvirt never sets to anything else


class Subscription(NamedTuple):
    """One registration.

    :ivar callback: the number that the client knows it by; None for the legacy form, which has none.
    :ivar handle: the one object that it is about, or None for all.
    :ivar after: the number of the last event before it.
    :ivar wants: chooses by the name that an event has in itself (that of a monitor's event); None for all.
    """

    callback: int | None
    family: EventFamily
    number: int
    handle: Any
    after: int
    wants: Callable[[str], bool] | None = None


class Subscriptions:
    """The registrations of one connection.

    :param port: where messages go.
    :param lock: of its connection: one of its own would take a tenth of what an idle client takes.
    :param listen: has `deliver` called from now on; most connections never ask for an event, and are not asked then.
    :param last_event: the number of the last event that was emitted.
    """

    def __init__(self, port: ClientPort, lock: Lock, listen: Callable[[], None], last_event: Callable[[], int]) -> None:
        self._port = port
        self._listen = listen
        self._last_event = last_event
        self._lock = lock
        self._all: tuple[Subscription, ...] = ()
        self._next = 0

    def add(
        self, family: EventFamily, number: int, handle: Any = None, wants: Callable[[str], bool] | None = None
    ) -> int:
        """Register for an event; returns the callback's number.

        :param wants: chooses among events that have names of their own.
        :raises VirtError: INTERNAL_ERROR for an event that there is not.
        """
        _require(family, number, legacy=False)
        self._listen()
        with self._lock:
            callback, self._next = self._next, self._next + 1
            self._all = (*self._all, Subscription(callback, family, number, handle, self._last_event(), wants))
        return callback

    def add_legacy(self, number: int) -> None:
        """Register for a domain event in the form without a callback's number.

        :raises VirtError: INTERNAL_ERROR for an event that there is not in that form.
        """
        _require(EventFamily.DOMAIN, number, legacy=True)
        self._listen()
        with self._lock:
            self._all = (*self._all, Subscription(None, EventFamily.DOMAIN, number, None, self._last_event()))

    def remove(self, family: EventFamily, callback: int) -> None:
        """End a registration.

        :raises VirtError: INTERNAL_ERROR if there is none with that number.
        """
        otherwise = f"{family.value.replace('_', ' ')} event callback {callback} not registered"
        self._remove(lambda one: one.family is family and one.callback == callback, otherwise)

    def remove_legacy(self, number: int) -> None:
        """End a registration of the legacy form.

        :raises VirtError: INTERNAL_ERROR if there is none for that event.
        """
        self._remove(lambda one: one.callback is None and one.number == number, f"domain event {number} not registered")

    def _remove(self, meant: Callable[[Subscription], bool], otherwise: str) -> None:
        with self._lock:
            found = next((one for one in self._all if meant(one)), None)
            if found is not None:
                self._all = tuple(one for one in self._all if one is not found)
        if found is None:
            raise VirtError(ErrorCode.INTERNAL_ERROR, otherwise)

    def clear(self) -> None:
        """End all registrations: the connection has closed."""
        with self._lock:
            self._all = ()

    def deliver(self, event: Event) -> None:
        """Send an event to the client, once for each registration that it matches. Runs in the event thread."""
        for one in self._all:
            if one.number == event.number and one.family is event.family and _is_told(one, event):
                procedure = event_procedure(event.family, event.number, one.callback is None)
                if procedure is not None:
                    self._port.send_event(program_of(event.family), procedure, message(procedure, one.callback, event))


def _is_told(one: Subscription, event: Event) -> bool:
    """Whether an event is newer than a registration and about its object, by uuid, or by name where there is none."""
    if event.sequence <= one.after:
        return False
    if one.wants is not None and not one.wants(str(event.payload[0])):
        return False
    wanted, handle = one.handle, event.handle
    if wanted is None:
        return True
    return bool(wanted.uuid == handle.uuid) if hasattr(wanted, "uuid") else bool(wanted.name == handle.name)


def _require(family: EventFamily, number: int, *, legacy: bool) -> None:
    if event_procedure(family, number, legacy) is None:
        raise VirtError(ErrorCode.INTERNAL_ERROR, f"unsupported event ID {number}", ErrorDomain.REMOTE)


@cache
def _procedures() -> dict[tuple[str, int, bool], Procedure]:
    found = {}
    for procedure in (*remote.PROGRAM.procedures, *qemu.PROGRAM.procedures):
        event = procedure.event
        if event is not None and (event.number is not None or event.family == EventFamily.QEMU_MONITOR.value):
            found[event.family, event.number or 0, event.legacy] = procedure
    return found


def program_of(family: EventFamily) -> Program:
    """The program that has a family's events."""
    return qemu.PROGRAM if family is EventFamily.QEMU_MONITOR else remote.PROGRAM


def event_procedure(family: EventFamily, number: int, legacy: bool) -> Procedure | None:
    """The procedure that carries an event, in its legacy form or with a callback's number."""
    return _procedures().get((family.value, number, legacy))


def message(procedure: Procedure, callback: int | None, event: Event) -> tuple[Any, ...]:
    """The fields of an event's message.

    The forms that the protocol has: the object and what follows; the same after a callback's number; as a struct
    of its own after it, where the event had a legacy form first; and that with a reason between, for power management.
    """
    names = field_names(procedure.message)
    payload = event.payload
    if names and names[-1] == "params":
        payload = (*payload[:-1], to_wire(payload[-1]))
    body = (event.handle, *payload)
    if callback is None:
        return body
    if names[-1] == "msg":
        return (callback, PM_REASON, body) if "reason" in names else (callback, body)
    return (callback, *body)
