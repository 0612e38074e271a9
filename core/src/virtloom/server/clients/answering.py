"""A client's calls, on workers' threads: served in order, their answers sent."""

from __future__ import annotations

import time

from virtloom.server.clients.lanes import Call, Lane
from virtloom.server.clients.phases import Phase
from virtloom.server.clients.sending import close_all
from virtloom.server.clients.writing import Writing
from virtloom.server.dispatch import Answer

ANONYMOUS, GONE = Phase.ANONYMOUS, Phase.GONE  # looked at for every answer


class Answering(Writing):
    """Serving calls."""

    def _work(self, lane: Lane) -> None:
        call = self._first(lane)
        while call is not None:
            begun = time.monotonic()
            answer = self._server.dispatcher.serve(self, call)
            call.route.took(time.monotonic() - begun)
            call = self._finish(lane, answer, call.route.urgent)

    def _first(self, lane: Lane) -> Call | None:
        with self._lock:
            if lane.queue:
                return self._calls.pop(lane)
            lane.running -= 1
            release = self._last_call_ended()
        self.attend()
        if release:
            self._release()
        return None

    def _finish(self, lane: Lane, answer: Answer | None, urgent: bool | None = None) -> Call | None:
        """Send an answer; the lane's next call if this thread is to serve it.

        :param urgent: which kind of calls this thread serves; None if it serves no other. The lane goes to the end of
            the workers' queue if its next call is of another kind or others wait for a worker.
        """
        if self._phase is ANONYMOUS:
            self._enter_if_authenticated()
        stays = urgent is not None and not self._server.workers.crowded()
        following = broken = None
        with self._lock:
            sends, takes = self._rules.sends, self._rules.takes
            last = not lane.queue
            if last:  # before the answer is written: who has it may call again at once, and find the lane in use
                lane.running -= 1
            if answer is not None and sends:
                broken = self._put(*answer)
            more = not last and not self._blocked()
            if more and stays and lane.urgent == urgent:
                following = self._calls.pop(lane)
            elif not more and not last:
                lane.running -= 1
            look = self._paused or not takes
            release = self._phase is GONE and self._last_call_ended()
        if answer is not None and not sends:
            close_all(answer[1])
        if broken is not None:
            self.kill(f"writing failed: {broken}")
        if following is not None:
            return following
        if more:
            self._server.workers.submit(lane.work, lane.urgent)
        if look:
            self.attend()
        if release:
            self._release()
        return None

    def _enter_if_authenticated(self) -> None:
        if not self.session.authenticated:
            return
        with self._lock:
            entered = self._phase is Phase.ANONYMOUS
            if entered:
                self._enter(Phase.SERVED)
        if entered:
            self._server.authenticated(self)
