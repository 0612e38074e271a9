"""Where a driver may stand between its clients and itself: the calls of its connections, and its events.

A driver that plays a host which fails on command sets `HypervisorDriver.interceptor` on what `open` returns, and
`EventSource.interceptor`. Both are None for every other driver, which costs a call and an event one test each. An
interceptor is called with no lock held, may take its time (`DriverHost.waiting`), and may raise what a driver may.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from virtloom.driver.events import Event


class InterceptedCall(NamedTuple):
    """A call that is about to be answered.

    :ivar procedure: its name in snake case, `domain_create`.
    :ivar args: the fields of its argument struct, in the wire's order; a stream, where it has one, stands last.
    """

    procedure: str
    args: tuple[Any, ...]


class ReplyCut(Exception):
    """Raised by an interceptor: the answer breaks off and the connection closes.

    :ivar value: what `proceed` returned; None if the call was not made.
    :ivar keep: how many bytes of the answer the client still gets, fewer than it has; 0 for none.
    """

    def __init__(self, value: Any = None, keep: int = 0) -> None:
        super().__init__(f"the answer is cut after {keep} bytes")
        self.value = value
        self.keep = keep


class CallInterceptor(Protocol):
    """Answers the calls of a hypervisor's connections, most of them by letting them proceed."""

    def __call__(self, call: InterceptedCall, proceed: Callable[[], Any]) -> Any:
        """Answer a call.

        :param proceed: makes the call and returns the fields of its return struct, which is what to return.
        :raises ReplyCut: the client is to see a connection that breaks.
        :raises VirtError: the client is to see that error.
        """
        ...


EventInterceptor = Callable[["Event"], Iterable["Event"]]  # what is delivered now in an event's place, in order
