"""How a client introduces itself to a daemon."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from virtloom.client import ConnectionLost, FrameSocket, connect
from virtloom.errors import ErrorCode, VirtError
from virtloom.wire import remote
from virtloom.wire.frames import pack_reply

ANSWERS = {"connect_supports_feature": (1,)}


class Doorkeeper:
    """A daemon that asks for some kind of authentication, and notes what is called."""

    def __init__(self, path: Path, asks_for: Sequence[int]) -> None:
        self.called: list[tuple[str, object]] = []
        self._asks_for = list(asks_for)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        sock, _ = self._listener.accept()
        frames = FrameSocket(sock)
        try:
            while True:
                self._answer(frames)
        except ConnectionLost:
            frames.close()

    def _answer(self, frames: FrameSocket) -> None:
        frame = frames.recv_frame().frame
        procedure = remote.PROGRAM.find(frame.header.proc)
        assert procedure is not None
        args = procedure.args.decode(frame.payload) if procedure.args is not None else ()
        self.called.append((procedure.snake, tuple(args)))
        answers = {**ANSWERS, "auth_list": (self._asks_for,), "auth_polkit": (1,)}
        frames.send_frame(pack_reply(frame.header, procedure, answers.get(procedure.snake)))

    def end(self) -> list[tuple[str, object]]:
        """Wait until the client has gone; what it called."""
        self._thread.join(30)
        self._listener.close()
        return self.called


def test_it_asks_how_to_authenticate_opens_and_says_goodbye(scratch: Path) -> None:
    daemon = Doorkeeper(scratch / "sock", [0])
    connect("test+unix:///default?socket=" + str(scratch / "sock"), readonly=True).close()
    assert daemon.end() == [("auth_list", ()), ("connect_open", ("test:///default", 1)), ("connect_close", ())]


def test_it_tells_that_it_answers_pings_when_asked_to(scratch: Path) -> None:
    daemon = Doorkeeper(scratch / "sock", [0])
    connect("test:///default", path=scratch / "sock", keepalive=True).close()
    assert ("connect_supports_feature", (10,)) in daemon.end()


def test_polkit_is_asked_for_before_opening(scratch: Path) -> None:
    daemon = Doorkeeper(scratch / "sock", [2, 1])
    connect("test:///default", path=scratch / "sock").close()
    assert [name for name, _ in daemon.end()] == ["auth_list", "auth_polkit", "connect_open", "connect_close"]


def test_an_authentication_that_it_does_not_have_is_named(scratch: Path) -> None:
    daemon = Doorkeeper(scratch / "sock", [1])
    with pytest.raises(VirtError, match="unsupported authentication type 1") as caught:
        connect("test:///default", path=scratch / "sock")
    assert caught.value.code is ErrorCode.AUTH_FAILED
    assert [name for name, _ in daemon.end()] == ["auth_list"]


def test_a_uri_without_a_socket_is_refused() -> None:
    with pytest.raises(VirtError, match=r"names no socket; add \?socket=PATH"):
        connect("test:///default")
