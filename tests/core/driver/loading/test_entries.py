"""Entry points are those that the standard library finds, read by a shorter way."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from virtloom.driver.loading.entries import Entry, entries


def installed(place: Path, folder: str, points: str, name: str = "some-drivers", version: str = "1.0") -> None:
    """A distribution, as pip leaves one."""
    meta = place / folder
    meta.mkdir(parents=True)
    head = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nName: not this one\n"
    (meta / ("PKG-INFO" if folder.endswith(".egg-info") else "METADATA")).write_text(head)
    (meta / "entry_points.txt").write_text(points)


def told(group: str) -> list[tuple[str, str]]:
    return sorted((entry.name, entry.value) for entry in importlib.metadata.entry_points(group=group))


@pytest.mark.parametrize("group", sorted(importlib.metadata.entry_points().groups))
def test_what_is_installed_here_is_what_the_standard_library_finds(group: str) -> None:
    assert [(entry.name, entry.value) for entry in entries(group)] == told(group)


def test_each_says_where_it_is_from() -> None:
    [test] = [entry for entry in entries("virtloom.drivers") if entry.name == "test"]
    assert test.origin == f"virtloom-test {importlib.metadata.version('virtloom-test')}"


POINTS = """# a comment
[other]
a = b

[ group ]
one=mod:thing
; another
two = mod.sub : thing.part [extra]
three = mod
[more]
four = mod
"""


@pytest.mark.parametrize("folder", ["some_drivers-1.0.dist-info", "some_drivers.egg-info"])
def test_a_file_is_read_as_its_specification_says(folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, folder, POINTS)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert entries("group") == [
        Entry("one", "mod:thing", "some-drivers 1.0"),
        Entry("three", "mod", "some-drivers 1.0"),
        Entry("two", "mod.sub : thing.part [extra]", "some-drivers 1.0"),
    ]


def test_the_first_on_the_path_hides_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path / "b", "Some.Drivers-1.0.dist-info", "[group]\nold = mod\n")
    installed(tmp_path / "a", "some_drivers-2.0.dist-info", "[group]\nnew = mod\n", version="2.0")
    monkeypatch.syspath_prepend(str(tmp_path / "b"))
    monkeypatch.syspath_prepend(str(tmp_path / "a"))
    assert entries("group") == [Entry("new", "mod", "some-drivers 2.0")]
    assert told("group") == [("new", "mod")]


def test_what_is_in_an_archive_is_found_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("some_drivers-1.0.dist-info/METADATA", "Name: some-drivers\nVersion: 1.0\n")
        archive.writestr("some_drivers-1.0.dist-info/entry_points.txt", "[group]\nzipped = mod\n")
    monkeypatch.syspath_prepend(str(tmp_path / "a.zip"))
    assert entries("group") == [Entry("zipped", "mod", "some-drivers 1.0")]


@pytest.mark.parametrize(
    ("value", "found"),
    [("os", "module"), ("os.path:join", "function"), ("os : path.join [x]", "function")],
)
def test_it_loads_what_it_names(value: str, found: str) -> None:
    assert type(Entry("name", value, "").load()).__name__ == found


def test_a_mistake_is_raised_as_it_is() -> None:
    with pytest.raises(ModuleNotFoundError):
        Entry("name", "a_module_that_is_not_there", "").load()
    with pytest.raises(AttributeError):
        Entry("name", "os:nothing", "").load()


def test_it_needs_nothing_of_what_it_does_without() -> None:
    code = "import sys; from virtloom.driver.loading.entries import entries; entries('virtloom.drivers'); "
    ended = subprocess.run(
        [sys.executable, "-c", code + "print('importlib.metadata' in sys.modules)"],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert ended.stdout.strip() == "False"
