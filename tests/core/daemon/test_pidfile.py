"""Two daemons never share their places."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from virtloom.daemon.pidfile import PidFile
from virtloom.errors import VirtError


def test_a_second_daemon_is_refused_until_the_first_has_gone(tmp_path: Path) -> None:
    first = PidFile(tmp_path / "pid")
    with pytest.raises(VirtError, match=rf"another virtloomd \(process {os.getpid()}\) uses {tmp_path}"):
        PidFile(tmp_path / "pid")
    first.release()
    PidFile(tmp_path / "pid").release()


def test_a_file_that_its_daemon_removes_while_it_is_being_locked_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaving = PidFile(tmp_path / "pid")
    lock = fcntl.flock

    def last_moment(descriptor: int, operation: int) -> None:
        monkeypatch.setattr(fcntl, "flock", lock)
        leaving.release()
        lock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", last_moment)
    second = PidFile(tmp_path / "pid")
    with pytest.raises(VirtError, match="another virtloomd"):
        PidFile(tmp_path / "pid")
    second.release()


def test_a_folder_that_cannot_be_made_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(VirtError, match="cannot make") as caught:
        PidFile(tmp_path / "file" / "pid")
    assert "--root DIR" in caught.value.hint
