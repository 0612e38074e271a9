"""What a run made is written down before, and undone from the last to the first, whatever a crash left of the list."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemons import needs
from virtloom.errors import ErrorCode, VirtError
from virtloom_lxc.container.journal import Journal
from virtloom_lxc.container.root import loops
from virtloom_lxc.links import host

UUID = bytes(range(16))
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    made = Journal(tmp_path / "journal")
    made.loop("/image")
    made.port("default", UUID)
    made.link("vnet0", "vnet1", "52:54:00:00:00:01")
    return made


@pytest.fixture
def undone(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    monkeypatch.setattr(host, "delete_stray", lambda *of: found.append(("link", *of)))
    monkeypatch.setattr(loops, "detach", lambda image: found.append(("loop", image)))
    return found


def test_the_last_is_undone_first(journal: Journal, undone: list[tuple[object, ...]]) -> None:
    journal.undo(lambda network, port: undone.append(("port", network, port)))
    assert undone == [
        ("link", "vnet0", "vnet1", "52:54:00:00:00:01"), ("port", "default", UUID), ("loop", "/image"),
    ]  # fmt: skip


def test_what_cannot_be_undone_does_not_keep_the_rest(journal: Journal, undone: list[tuple[object, ...]]) -> None:
    def refuse(network: str, port: bytes) -> None:
        raise VirtError(ErrorCode.NO_NETWORK, "no network")

    journal.undo(refuse)
    assert [kind for kind, *_ in undone] == ["link", "loop"]


def test_without_a_file_there_is_nothing_to_undo(tmp_path: Path, undone: list[tuple[object, ...]]) -> None:
    Journal(tmp_path / "none").undo(lambda *_: None)
    assert undone == []


@given(st.lists(TEXT, max_size=5), st.integers(0))
def test_whatever_a_crash_cuts_off_the_lines_before_are_read(images: list[str], cut: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal"
        journal = Journal(path)
        for image in images:
            journal.loop(image)
        data = path.read_bytes() if images else b""
        kept = data[: cut % (len(data) + 1)]
        path.write_bytes(kept)
        found = [entry["image"] for entry in journal.entries()]
        assert found == images[: len(found)]
        assert len(found) >= kept.count(b"\n")


def test_a_tool_that_a_dead_daemon_left_at_work_is_waited_for() -> None:
    sleep = needs("sleep", "coreutils")
    tool = subprocess.Popen(["losetup", "0.3"], executable=sleep)  # called as losetup, with an image of that name
    assert loops._is_worked_on("0.3")
    loops._settle("0.3")
    assert not loops._is_worked_on("0.3")
    assert tool.wait(20) == 0
