"""Whose a file is: who waits for its lock does not do so without end, and what fails is not counted."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from virtloom.errors import ErrorCode, VirtError, system_error
from virtloom_qemu.process.identity import Identity
from virtloom_qemu.runs.given import owners, ownership
from virtloom_qemu.runs.given.owners import ATTRIBUTE
from virtloom_qemu.runs.given.ownership import Ownership


def test_a_lock_that_another_process_keeps_is_not_waited_for_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owners, "HELD_WITHIN", 0.05)
    image = tmp_path / "image"
    with image.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(VirtError, match="another process holds the lock of") as caught:
            Ownership(Identity.own()).grant(str(image))
    assert caught.value.code is ErrorCode.OPERATION_TIMEOUT
    Ownership(Identity.own()).grant(str(image))


def test_a_file_that_cannot_be_given_is_not_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = tmp_path / "image"
    image.write_text("")

    def refuses(path: str, who: Identity) -> None:
        raise system_error(OSError(5, "Input/output error"), "unable to set user and group")

    monkeypatch.setattr(ownership, "give", refuses)
    with pytest.raises(VirtError, match="Input/output error"):
        Ownership(Identity.own()).grant(str(image))
    assert ATTRIBUTE not in os.listxattr(image)
