"""Save images: whole, or not there."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from virtloom.errors import VirtError
from virtloom_qemu.saving import image
from virtloom_qemu.saving.image import Image

MADE = Image("<domain>" + "x" * 6000 + "</domain>", running=True)


def test_a_header_is_written_whole_however_little_is_taken_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda descriptor, data: write(descriptor, bytes(data)[:1000]))
        with image.written(tmp_path / "image", MADE) as descriptor:
            patched.setattr(os, "write", write)
            os.write(descriptor, b"state")
    descriptor, found = image.open_image(tmp_path / "image")
    try:
        assert found == MADE
        assert os.read(descriptor, 100) == b"state"
    finally:
        os.close(descriptor)


def test_an_image_that_cannot_be_completed_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(VirtError, match="No space left on device"), image.written(tmp_path / "image", MADE):
        monkeypatch.setattr(os, "fsync", full)
    assert not (tmp_path / "image").exists()
