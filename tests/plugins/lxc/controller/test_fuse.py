"""A file system that is one file: read, refused, and served by somebody who goes away."""

from __future__ import annotations

import os
import select
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemons import needs
from virtloom_lxc.container.controller import fuse
from virtloom_lxc.container.root import loops

if os.geteuid() != 0 or not os.path.exists(fuse.DEVICE):
    pytest.skip(f"mounting needs root rights and {fuse.DEVICE}", allow_module_level=True)


class Served:
    """A file that a thread serves; it says how often it was asked, and then `size` letters."""

    def __init__(self, place: Path, size: int) -> None:
        self.place, self.asked, self.size = place, 0, size
        self.file = fuse.File(self.content, 7)
        place.touch()
        assert self.file.mount(str(place))
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def content(self) -> bytes:
        self.asked += 1
        return f"{self.asked} ".encode() + b"x" * self.size

    def serve(self) -> None:
        poll = select.poll()
        poll.register(self.file.device)
        while poll.poll() and self.file.serve():
            pass

    def end(self) -> None:
        loops.unmount(str(self.place))
        self.thread.join(20)
        assert not self.thread.is_alive()
        os.close(self.file.device)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A file longer than what is read at once."""
    needs("mount", "mount")
    one = Served(tmp_path / "file", 10_000)
    yield one
    one.end()
    assert not loops.is_mounted(str(tmp_path / "file"))


def test_each_reading_is_of_one_moment(served: Served) -> None:
    with served.place.open() as first, served.place.open() as second:
        assert first.read(1) == "1"
        assert second.read(1) == "2"
        assert len(first.read()) == 10_001
        first.seek(0)
        assert first.read(1) == "3"


def test_it_is_read_by_everybody_and_written_by_nobody(served: Served) -> None:
    found = served.place.stat()
    assert (found.st_mode, found.st_uid, found.st_size) == (fuse.MODE, 7, 0)
    assert os.statvfs(served.place).f_blocks == 0
    for mode in ("w", "a", "r+"):
        with pytest.raises(PermissionError):
            served.place.open(mode)


def test_other_users_read_it(served: Served, tmp_path: Path) -> None:
    folders = [place for place in tmp_path.parents if place.stat().st_uid == os.geteuid() and len(place.parts) > 2]
    for folder in (tmp_path, *folders):
        folder.chmod(folder.stat().st_mode | 0o011)
    done = subprocess.run(["cat", str(served.place)], user=65534, capture_output=True, timeout=20)
    assert len(done.stdout) == 10_002, done.stderr


def test_a_file_whose_server_has_gone_is_unmounted(tmp_path: Path) -> None:
    place = tmp_path / "a b"
    place.touch()
    left = fuse.File(lambda: b"", 0)
    assert left.mount(str(place))
    os.close(left.device)
    assert loops.is_mounted(str(place))
    loops.unmount(str(place))
    assert not loops.is_mounted(str(place))
