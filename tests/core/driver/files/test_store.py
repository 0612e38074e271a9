"""Definitions on disk are whole or not there, and a damaged one hides no other."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from virtloom.driver.files.store import DefinitionStore, write_atomically
from virtloom.errors import ErrorCode, VirtError


def parse(text: str) -> str:
    if not text.startswith("<"):
        raise ValueError("not a definition")
    return text


def test_what_was_written_is_loaded(tmp_path: Path) -> None:
    store = DefinitionStore(tmp_path / "networks")
    store.write("one", "<one/>")
    store.write("two", "<two/>")
    assert list(store.load(parse)) == [("one", "<one/>"), ("two", "<two/>")]


def test_nothing_was_written_yet(tmp_path: Path) -> None:
    assert list(DefinitionStore(tmp_path / "missing").load(parse)) == []


def test_a_damaged_definition_is_set_aside_and_hides_no_other(tmp_path: Path) -> None:
    store = DefinitionStore(tmp_path)
    store.write("good", "<good/>")
    store.path("bad").write_text("torn")
    assert list(store.load(parse)) == [("good", "<good/>")]
    assert (tmp_path / "bad.xml.damaged").read_text() == "torn"


def test_what_cannot_be_read_stays_where_it_is(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = DefinitionStore(tmp_path)
    store.path("odd").mkdir()
    assert list(store.load(parse)) == []
    assert store.path("odd").exists()
    assert "odd.xml cannot be read" in caplog.text


def test_a_failed_write_leaves_the_old_definition_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = DefinitionStore(tmp_path)
    store.write("one", "<old/>")

    def fails(source: str, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(VirtError, match="No space left") as caught:
        store.write("one", "<new/>")
    assert caught.value.code is ErrorCode.SYSTEM_ERROR
    assert [path.name for path in tmp_path.iterdir()] == ["one.xml"]
    assert store.path("one").read_text() == "<old/>"


def test_removing_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    DefinitionStore(tmp_path).remove("nothing")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\0b"])
def test_a_name_that_is_no_files_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(VirtError, match="cannot be used as a file's name"):
        DefinitionStore(tmp_path).write(name, "<x/>")


def test_an_atomic_write_sets_the_permissions(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    write_atomically(path, b"data", mode=0o640)
    assert path.read_bytes() == b"data"
    assert path.stat().st_mode & 0o777 == 0o640
