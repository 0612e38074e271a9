"""`virtloom.driver.terminals`: a guest's devices, moved over a client's stream."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from virtloom.driver.terminals import ChannelEnd, End, Sessions, TerminalEnd, ends
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import Checker, LockManager, Mode


@pytest.fixture
def guest() -> Iterator[tuple[int, str]]:
    """A pseudo-terminal: the guest's descriptor, and the path that the host opens."""
    controller, follower = os.openpty()
    try:
        yield controller, os.ttyname(follower)
    finally:
        os.close(controller)
        os.close(follower)


def reading(end: End) -> tuple[threading.Thread, list[bytes]]:
    """A thread that reads once from an end."""
    got: list[bytes] = []
    thread = threading.Thread(target=lambda: got.append(end.read(100)))
    thread.start()
    return thread, got


class TestTerminalEnd:
    def test_bytes_pass_as_they_are(self, guest: tuple[int, str]) -> None:
        controller, path = guest
        end = TerminalEnd(path)
        os.write(controller, b"\x03\r\n")  # a line discipline would eat or change each of them
        assert end.read(100) == b"\x03\r\n"
        end.write(b"\x04\r\n")
        assert os.read(controller, 100) == b"\x04\r\n"
        end.close()

    def test_close_wakes_who_reads(self, guest: tuple[int, str]) -> None:
        end = TerminalEnd(guest[1])
        thread, got = reading(end)
        end.close()
        thread.join(20)
        assert got == [b""]

    def test_after_close_it_gives_and_takes_nothing(self, guest: tuple[int, str]) -> None:
        told: list[End] = []
        end = TerminalEnd(guest[1], told.append)
        end.close()
        end.abort()
        end.write(b"x")
        assert end.read(1) == b""
        assert told == [end], "told once, however often it is closed"

    def test_a_path_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(VirtError, match=r"Unable to open tty '.*/none'"):
            TerminalEnd(str(tmp_path / "none"))

    def test_a_file_that_is_no_terminal(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(VirtError, match=r"Unable to open tty '.*/file'"):
            TerminalEnd(str(tmp_path / "file"))


class TestChannelEnd:
    def test_a_guest_that_takes_nothing_is_told(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ends, "WRITE_WITHIN", 0.01)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(tmp_path / "s"))
            listener.listen(1)
            end = ChannelEnd(tmp_path / "s")
            with pytest.raises(VirtError, match="does not read") as caught:
                end.write(bytes(1 << 24))
            end.close()
        assert caught.value.code == ErrorCode.OPERATION_TIMEOUT

    def test_nobody_listens(self, tmp_path: Path) -> None:
        with pytest.raises(VirtError, match="Unable to connect to socket"):
            ChannelEnd(tmp_path / "s")


class TestSessions:
    @pytest.fixture
    def sessions(self) -> Sessions:
        return Sessions(LockManager("test", Checker(Mode.ENFORCE)))

    def test_one_client_at_a_time(self, sessions: Sessions, guest: tuple[int, str]) -> None:
        path = guest[1]
        first = sessions.open(path, lambda closed: TerminalEnd(path, closed), force=False, what="console")
        with pytest.raises(VirtError, match="Active console session exists for this domain"):
            sessions.open(path, lambda closed: TerminalEnd(path, closed), force=False, what="console")
        first.close()
        sessions.open(path, lambda closed: TerminalEnd(path, closed), force=False, what="console").close()

    def test_force_takes_it_over(self, sessions: Sessions, guest: tuple[int, str]) -> None:
        path = guest[1]
        first = sessions.open(path, lambda closed: TerminalEnd(path, closed), force=False, what="console")
        second = sessions.open(path, lambda closed: TerminalEnd(path, closed), force=True, what="console")
        assert first.read(1) == b"", "who had it open has lost it"
        os.write(guest[0], b"hello")
        assert second.read(100) == b"hello"
        second.close()
