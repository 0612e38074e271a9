"""What is sent to a client, by any thread."""

from __future__ import annotations

import logging
from typing import Any

from virtloom.server.clients.leaving import Leaving
from virtloom.server.clients.sending import Credit, close_all
from virtloom.server.streams import ClientStream
from virtloom.wire.frames import pack_message
from virtloom.wire.programs import Procedure, Program
from virtloom.xdr import XdrError

log = logging.getLogger(__name__)


class Writing(Leaving):
    """Sending: frames go out whole and in order, at once or when the client reads."""

    def send(self, frame: bytes, fds: Any = ()) -> bool:
        """Queue a frame and write what goes out at once; False if the client has gone."""
        with self._lock:
            sends = self._rules.sends
            broken = self._put(frame, fds) if sends else None
        if not sends:
            close_all(fds)
        elif broken is not None:
            self.kill(f"writing failed: {broken}")
        return sends

    def send_piece(self, stream: ClientStream, frame: bytes, credit: Credit) -> bool:
        """Queue a frame of a stream; False if the stream has ended or the client has gone."""
        with self._lock:
            sends = self._rules.sends and self.streams.has(stream)
            broken = self._put(frame, credit=credit) if sends else None
        if broken is not None:
            self.kill(f"writing failed: {broken}")
        return sends

    def send_event(self, program: Program, procedure: Procedure, message: tuple[Any, ...]) -> bool:
        """Queue an event; False if it was dropped, because the client does not read or has gone."""
        try:
            frame = pack_message(program, procedure, message)
        except XdrError:
            log.exception("the event %s cannot be sent", procedure.name)
            return False
        limits = self._limits
        broken = None
        with self._lock:
            if not self._rules.sends:
                return False
            full = self._out.events >= limits.event_queue or self._blocked()
            self._lost = self._lost + 1 if full else 0
            first, doomed = self._lost == 1, self._lost == limits.max_lost_events
            if not full:
                broken = self._put(frame, event=True)
        if broken is not None:
            self.kill(f"writing failed: {broken}")
        elif first:
            told = "client %d of %s (%s): it does not read and loses events; 'virtloom events' has them"
            log.warning(told, self.id, self._server.name, self._whose())
        elif doomed:
            self.kill(f"it does not read: {limits.max_lost_events} events in a row were lost", logging.WARNING)
        return not full

    def _put(self, frame: bytes, fds: Any = (), credit: Credit | None = None, event: bool = False) -> OSError | None:
        """Under the lock: write or queue; what is wrong with the connection, if something is."""
        try:
            if not self._out.put(frame, fds, credit, event):
                self._rearm()
        except OSError as error:
            return error
        return None

    def _flush_out(self) -> OSError | None:
        """Under the lock: write what goes out now."""
        try:
            self._out.flush()
            self._rearm()
        except OSError as error:
            return error
        return None
