"""What signals ask of the daemon, heard from its first moment on."""

from __future__ import annotations

import signal
from types import FrameType


class Signals:
    """Marks that handlers leave; they do no more, since the thread that they interrupt may be inside anything.

    :ivar stop: whether the daemon is to end (SIGTERM, SIGINT).
    :ivar reload: whether it is to read its configuration again (SIGHUP).
    """

    def __init__(self) -> None:
        self.stop = False
        self.reload = False

    def listen(self) -> Signals:
        """Hear them from now on; for the main thread."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGHUP, self._reload)
        return self

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stop = True

    def _reload(self, number: int, frame: FrameType | None) -> None:
        self.reload = True
