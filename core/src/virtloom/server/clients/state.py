"""What a client is made of. Whatever is here is used under the client's lock, unless it says otherwise."""

from __future__ import annotations

import select
import socket
from typing import TYPE_CHECKING

from virtloom.driver.context import Identity
from virtloom.locks import Lock
from virtloom.server.clients.deadlines import Vigil
from virtloom.server.clients.lanes import Calls
from virtloom.server.clients.phases import RULES, Phase, Rules
from virtloom.server.clients.receiving import Receiver
from virtloom.server.clients.sending import SendQueue
from virtloom.server.clients.streamtable import StreamTable
from virtloom.server.limits import ServerLimits
from virtloom.server.reader import READ, WRITE, Reader
from virtloom.server.session import Session

if TYPE_CHECKING:
    from virtloom.server.server import Server

HANGUP = select.EPOLLRDHUP


class State:
    """The fields of a client, which `Client` fills in, and what follows from them.

    :ivar id: its number in this run of the daemon.
    """

    id: int
    identity: Identity
    session: Session
    streams: StreamTable
    _server: Server
    _reader: Reader
    _limits: ServerLimits
    _sock: socket.socket
    _fd: int
    _lock: Lock
    _receiver: Receiver
    _vigil: Vigil
    _phase: Phase
    _rules: Rules
    _out: SendQueue
    _calls: Calls
    _lost: int
    _paused: bool
    _released: bool
    _armed: int | None

    def __repr__(self) -> str:
        return f"<client {self.id} of {self._server.name}, {self._phase.value}>"

    @property
    def anonymous(self) -> bool:
        """Whether it has not authenticated."""
        return self._phase is Phase.ANONYMOUS

    def _enter(self, phase: Phase) -> None:
        assert phase in self._rules.next, f"{self} cannot become {phase.value}"
        self._phase, self._rules = phase, RULES[phase]

    def _blocked(self) -> bool:
        """Whether it has so many replies to read that it is served no further."""
        return self._out.size > self._limits.send_queue_bytes

    def _load(self) -> float:
        """How full its queues are; from 1 on it is not read from."""
        limits = self._limits
        return max(
            self._calls.load(),
            self._out.size / limits.send_queue_bytes,
            self.streams.held / limits.stream_window,
        )

    def _events(self) -> int:
        """What is waited for at its socket."""
        events = READ if self._rules.takes and not self._paused else HANGUP
        return events | WRITE if self._out else events

    def _rearm(self) -> None:
        events = self._events()
        # Who stops the daemon may find a client that is not watched yet; `begin` then asks for the right events.
        if self._armed is not None and events != self._armed:
            self._armed = events
            self._reader.rearm(self._fd, events)
