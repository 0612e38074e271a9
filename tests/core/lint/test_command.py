"""`virtloom lint-locks`, as a plugin's author uses it."""

from __future__ import annotations

from pathlib import Path

import pytest

from virtloom.cli.main import main

BARE = "def change(lock):\n    lock.acquire()\n"
ROOT = Path(__file__).parents[3]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "driver.py"
    path.write_text(BARE)
    return path


def test_it_prints_places_codes_and_a_count_and_fails(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="1"):
        main(["lint-locks", str(source.parent)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{source}:2:5: VL001 lock may still be held when the function ends"
    assert lines[1] == f"{source}:2:5: VL101 lock.acquire(): locks are held by `with` alone"
    assert lines[2] == "Found 2 errors."


@pytest.mark.parametrize(
    ("comment", "left"), [("# noqa", 0), ("# noqa: VL101, VL001  a reason", 0), ("# noqa: VL101", 1), ("# fine", 2)]
)
def test_a_comment_silences_its_line(source: Path, comment: str, left: int, capsys: pytest.CaptureFixture[str]) -> None:
    source.write_text(BARE.rstrip() + f"  {comment}\n")
    if left:
        with pytest.raises(SystemExit):
            main(["lint-locks", str(source)])
    else:
        assert main(["lint-locks", str(source)]) == 0
    assert capsys.readouterr().out.count(": VL") == left


def test_a_code_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint-locks", "--explain", "vl002"]) == 0
    assert capsys.readouterr().out.startswith("VL002: a driver's lock is taken while an object is locked")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--explain", "VL999"], "there is no code VL999"),
        ([], "needs at least one file or folder"),
        (["/nonexistent/driver.py"], "no such file or folder: /nonexistent/driver.py"),
    ],
)
def test_mistakes_are_told(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint-locks", *arguments]) == 1
    assert says in capsys.readouterr().err


def test_a_file_that_is_no_python_is_told_with_its_place(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source.write_text("def (:\n")
    assert main(["lint-locks", str(source)]) == 1
    assert f"{source}:1:" in capsys.readouterr().err


def test_our_own_drivers_keep_to_the_rules(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint-locks", str(ROOT / "plugins" / "test" / "src")]) == 0
