"""The proxy: stands between clients and a daemon, changes nothing, and writes down what they say."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from virtloom.client.errors import ConnectionLost
from virtloom.client.framesocket import FrameSocket, close_all
from virtloom.client.uri import target
from virtloom.errors import ErrorCode, VirtError
from virtloom.wire.frames import FD_COUNT_SIZE, WITH_FDS, Frame, pack
from virtloom_testing.sessions.file import write_session
from virtloom_testing.sessions.listening import Listening, uri_through
from virtloom_testing.sessions.recorder import Recorder


class Proxy(Listening):
    """Records for the length of a `with` block. The file is written whenever a client leaves, and at the end.

    :param to: the daemon's URI with `?socket=PATH`; what clients open through the proxy is theirs to say.
    :param output: the file to write.
    :raises VirtError: INVALID_ARG if the URI names no socket.
    :ivar uri: what to give to clients.
    """

    def __init__(self, to: str, output: Path) -> None:
        super().__init__()
        wanted = target(to)
        if wanted.socket is None:
            raise VirtError(ErrorCode.INVALID_ARG, f"the URI '{to}' names no socket; add ?socket=PATH to it")
        self._daemon = wanted.socket
        self._output = output
        self._recorder = Recorder()
        self._writing = threading.Lock()
        self.uri = uri_through(to, self.path)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        self._write()

    def _write(self) -> None:
        with self._writing:
            write_session(self._output, tuple(self._recorder.calls))

    def _serve(self, number: int, client: FrameSocket) -> None:
        """Carry frames both ways until either side leaves."""
        try:
            daemon = FrameSocket.connect(self._daemon)
        except ConnectionLost:
            return
        back = threading.Thread(target=self._carry_back, args=(number, daemon, client), daemon=True)
        back.start()
        with suppress(ConnectionLost):
            while True:
                frame, fds = client.recv_frame(None)
                self._recorder.sent(number, frame)
                _pass_on(daemon, frame, fds)
        daemon.shut()
        back.join()
        daemon.close()
        self._write()

    def _carry_back(self, number: int, daemon: FrameSocket, client: FrameSocket) -> None:
        with suppress(ConnectionLost):
            while True:
                frame, fds = daemon.recv_frame(None)
                self._recorder.received(number, frame)
                _pass_on(client, frame, fds)
        self._recorder.closed(number)
        client.shut()


def _pass_on(to: FrameSocket, frame: Frame, fds: list[int]) -> None:
    count = frame.nfds.to_bytes(FD_COUNT_SIZE) if frame.header.type in WITH_FDS else b""
    try:
        to.send_frame(pack(frame.header, count + frame.payload), fds)
    finally:
        close_all(fds)
