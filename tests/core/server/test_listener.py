"""Listening sockets: at a path, taken over, left behind by a dead daemon."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from virtloom.errors import ErrorCode, VirtError
from virtloom.server.credentials import group_name, identify, process_name, user_name
from virtloom.server.listener import Listener, inherited, listen


def connect(path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(str(path))
    return sock


def test_a_socket_has_its_mode_whatever_the_umask_is(scratch: Path) -> None:
    before = os.umask(0o077)
    try:
        listener = listen(scratch / "run" / "sock", mode=0o765)
    finally:
        os.umask(before)
    assert stat.S_IMODE((scratch / "run" / "sock").stat().st_mode) == 0o765
    listener.close()


def test_clients_are_accepted_one_after_the_other_without_blocking(scratch: Path) -> None:
    listener = listen(scratch / "sock", readonly=True)
    assert listener.readonly
    assert listener.accept() is None
    with connect(scratch / "sock") as client:
        accepted = listener.accept()
        assert accepted is not None
        assert not accepted.getblocking()
        assert identify(accepted)[:3] == (os.geteuid(), os.getegid(), os.getpid())
        client.close()
        accepted.close()
    listener.close()


def test_a_socket_that_a_dead_daemon_left_is_replaced(scratch: Path) -> None:
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(scratch / "sock"))
    dead.close()
    listener = listen(scratch / "sock")
    connect(scratch / "sock").close()
    listener.close()


def test_a_socket_that_somebody_answers_at_is_left_alone(scratch: Path) -> None:
    first = listen(scratch / "sock")
    with pytest.raises(VirtError, match="another daemon listens at") as refusal:
        listen(scratch / "sock")
    assert refusal.value.hint is not None
    connect(scratch / "sock").close()
    first.close()


def test_a_file_that_is_no_socket_is_left_alone(scratch: Path) -> None:
    (scratch / "sock").write_text("mine")
    with pytest.raises(VirtError, match=r"Failed to bind socket to '.*/sock': Address already in use"):
        listen(scratch / "sock")
    assert (scratch / "sock").read_text() == "mine"


def test_closing_removes_the_path_but_not_one_that_another_put_there(scratch: Path) -> None:
    listener = listen(scratch / "sock")
    listener.close()
    assert not (scratch / "sock").exists()
    listener = listen(scratch / "sock")
    (scratch / "sock").unlink()
    (scratch / "sock").write_text("another's")
    listener.close()
    assert (scratch / "sock").exists()
    listener.close()


def test_a_group_that_there_is_not_is_said_and_leaves_nothing(scratch: Path) -> None:
    with pytest.raises(VirtError, match="the group 'nobodys-group' does not exist") as refusal:
        listen(scratch / "sock", group="nobodys-group")
    assert refusal.value.code is ErrorCode.INVALID_ARG
    assert not (scratch / "sock").exists()


def test_a_group_that_there_is_is_given(scratch: Path) -> None:
    listener = listen(scratch / "sock", group=group_name(os.getegid()))
    assert (scratch / "sock").stat().st_gid == os.getegid()
    listener.close()


def test_a_path_that_is_too_long_for_a_socket_is_said(scratch: Path) -> None:
    with pytest.raises((VirtError, OSError), match="too long"):
        listen(scratch / ("x" * 200))


def test_sockets_of_a_service_manager_are_taken_by_their_names(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = []
    for name in ("rw", "ro"):
        sock = socket.socket(socket.AF_UNIX)
        sock.bind(str(scratch / name))
        sock.listen()
        given.append(sock)
    first = 200
    for offset, sock in enumerate(given):
        os.dup2(sock.fileno(), first + offset)
    monkeypatch.setattr("virtloom.server.listener.SD_LISTEN_FDS_START", first)
    environ = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "2", "LISTEN_FDNAMES": "main:readonly"}
    sockets = inherited(environ)
    assert environ == {}
    assert list(sockets) == ["main", "readonly"]
    listener = Listener(sockets["main"])
    connect(scratch / "rw").close()
    accepted = listener.accept()
    assert accepted is not None
    for sock in (*given, *sockets.values(), accepted):
        sock.close()
    listener.close()
    assert (scratch / "rw").exists()


@pytest.mark.parametrize("environ", [{}, {"LISTEN_PID": "1", "LISTEN_FDS": "2"}, {"LISTEN_FDS": "x"}])
def test_sockets_for_another_process_are_not_taken(environ: dict[str, str]) -> None:
    assert inherited(environ) == {}


def test_names_that_there_are_not_are_empty() -> None:
    assert (user_name(4_000_000_000), group_name(4_000_000_000), process_name(4_000_000)) == ("", "", "")
