"""What faults do to events. Runs in the event thread, with no lock held."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from virtloom.driver import DriverHost, Event
from virtloom_test.faults.armed import Armed
from virtloom_test.faults.fault import Fault
from virtloom_test.faults.objects import event_name
from virtloom_test.faults.target import Target


class EventFaults:
    """Stands before the events of one host (`driver.interception.EventInterceptor`).

    An event that is to come after the next one is kept until that one has come; if the faults end meanwhile, it is lost
    as an event of a daemon that ends is.
    """

    def __init__(
        self, host: DriverHost, target: Target, hits: Callable[[Callable[[Fault], bool]], list[Armed]]
    ) -> None:
        self._host = host
        self._target = target
        self._hits = hits
        self._kept: deque[Event] = deque()

    def __call__(self, event: Event) -> list[Event]:
        """What is delivered now, in this event's place."""
        what, name = event_name(event), getattr(event.handle, "name", None)
        now = [event]
        kept = list(self._kept)
        self._kept.clear()
        for armed in self._hits(lambda fault: fault.of_events and fault.fits_event(self._target.uri, what, name)):
            self._host.log.warning("fault %s: %s of '%s': %s", armed.fault.name, what, name, armed.fault.do)
            now = self._changed(armed.fault, event, now)
        return now + kept

    def _changed(self, fault: Fault, event: Event, now: list[Event]) -> list[Event]:
        if fault.do == "duplicate-event":
            return now * 2
        if fault.do == "reorder-event":
            self._kept.append(event)
        elif fault.do == "delay-event":
            self._host.later(fault.waits, lambda: self._target.events.deliver(event))
        return []
