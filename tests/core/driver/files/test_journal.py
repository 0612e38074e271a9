"""A run's journal: every line whole or not there, and what cannot be undone hides nothing else."""

from __future__ import annotations

from io import FileIO
from pathlib import Path
from typing import Any

import pytest

from virtloom.driver.files.journal import Journal
from virtloom.errors import ErrorCode, VirtError


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    made = Journal(tmp_path / "run.journal")
    made.begin()
    return made


def test_a_line_that_was_torn_by_a_full_disk_is_taken_back(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(FileIO):
        def write(self, data: Any) -> int:
            return super().write(bytes(data)[:5])

    journal.add("group", path="/a")
    with monkeypatch.context() as patched:
        patched.setattr("virtloom.driver.files.journal.FileIO", Full)
        with pytest.raises(VirtError, match="No space left on device") as caught:
            journal.add("group", path="/b")
    assert caught.value.code is ErrorCode.SYSTEM_ERROR
    journal.add("group", path="/c")
    assert [entry["path"] for entry in journal.entries()] == ["/a", "/c"]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "none" / "run.journal")
    for step in (journal.begin, lambda: journal.add("group", path="/a")):
        with pytest.raises(VirtError, match="No such file or directory"):
            step()


def test_what_cannot_be_undone_hides_nothing_else(journal: Journal) -> None:
    undone: list[str] = []

    def undo(entry: dict[str, Any]) -> None:
        if entry["path"] == "/b":
            raise PermissionError(1, "Operation not permitted")
        undone.append(entry["path"])

    for kind, path in (("group", "/a"), ("group", "/b"), ("moon", "/m"), ("group", "/c")):
        journal.add(kind, path=path)
    journal.undo_each({"group": undo})
    assert undone == ["/c", "/a"]
