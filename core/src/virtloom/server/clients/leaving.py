"""How a client ends, and how it goes on after something that it waited for was used up."""

from __future__ import annotations

import logging
import time

from virtloom.server.clients.phases import Phase
from virtloom.server.clients.sending import close_all
from virtloom.server.clients.state import State

log = logging.getLogger(__name__)
LINGER = 5.0  # seconds that a leaving client has to read its last reply
RESUME_AT = 0.5  # of what a client's queues hold: read on only then, not at each call


class Leaving(State):
    """Leaving, and going on. `drop` is the reader's thread's alone, the rest is for any."""

    def kill(self, reason: str, level: int = logging.INFO) -> None:
        """End it as soon as the reader gets to it."""
        self._reader.soon(lambda: self.drop(reason, level))

    def drop(self, reason: str, level: int = logging.INFO) -> None:
        """End it now. Idempotent; on the reader's thread (`kill` is for others)."""
        with self._lock:
            if self._phase is Phase.GONE:
                return
            self._enter(Phase.GONE)
            waiting = self._calls.clear()
            self._out.clear()
            release = self._released = self._calls.running == 0
        log.log(level, "client %d of %s (%s): closed: %s", self.id, self._server.name, self._whose(), reason)
        self._vigil.end()
        self._reader.unwatch(self._fd)
        self._sock.close()
        self._receiver.close()
        for call in waiting:
            close_all(call.fds)
        self.streams.cut()
        self._server.left(self)
        if release:
            self._server.workers.submit(self._release)

    def _whose(self) -> str:
        who = self.identity
        return f"{who.process or 'a process'} {who.pid or '?'} of {who.user or who.uid}"

    def _last_call_ended(self) -> bool:
        """Whether the session is to be closed now, by this thread."""
        if self._phase is not Phase.GONE or self._released or self._calls.running:
            return False
        self._released = True
        return True

    def _release(self) -> None:
        try:
            self.session.close()
        except Exception:
            log.exception("client %d of %s: its session did not close", self.id, self._server.name)

    def close_after_reply(self) -> None:
        """Take no further call, and close when what runs was answered and the answers were written."""
        with self._lock:
            if not self._rules.takes:
                return
            self._enter(Phase.LEAVING)
            waiting = self._calls.clear()
            self._rearm()
        for call in waiting:
            close_all(call.fds)
        self._reader.soon(self._linger)
        self.attend()

    def _linger(self) -> None:
        self._reader.at(time.monotonic() + LINGER, self._lingered)

    def _lingered(self) -> None:
        if self._calls.running:
            self._linger()
        else:
            self.drop("it does not read its last reply")

    def attend(self) -> None:
        """Go on with what had to wait: reading, serving, leaving, releasing."""
        with self._lock:
            resume = self._paused and self._rules.takes and self._load() <= RESUME_AT
            if resume:
                self._paused = False
                self._rearm()
            begun = [] if self._blocked() else self._calls.begin()
            departs = self._phase is Phase.LEAVING and self._calls.running == 0 and not self._out
        if resume:
            self._reader.soon(self._vigil.resume)
        for lane, urgent in begun:
            self._server.workers.submit(lane.work, urgent)
        if departs:
            self.kill("it said goodbye" if self._server.serving else "the daemon stops")
