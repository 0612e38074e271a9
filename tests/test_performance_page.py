"""The figures in docs/performance.md are those of docs/performance.json."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.report import page
from benchmarks.report.results import Results, Row


def test_the_page_shows_what_was_measured() -> None:
    text = page.PAGE.read_text()
    assert page.filled(text, Results()) == text, "make it anew: python -m benchmarks.report.page"


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return Results(tmp_path / "figures.json")


def test_a_figure_is_kept_at_once_and_takes_the_place_of_an_older_one(results: Results) -> None:
    results.add("calls", Row("look-up", 1, "calls/s", 10.0, 5.0, 2.0))
    results.add("calls", Row("look-up", 8, "calls/s", 30.0, 20.0, 2.0))
    results.add("calls", Row("look-up", 1, "calls/s", 12.0, 4.0, 2.0))
    again = Results(results.path)
    assert [(row.connections, row.ratio) for row in again.rows("calls")] == [(1, 3.0), (8, 1.5)]
    assert not again.has("calls")
    again.end("calls", 0.1)
    assert Results(results.path).has("calls")


@pytest.mark.parametrize(
    ("row", "reached"),
    [
        (Row("more", 1, "calls/s", 30.0, 10.0, 2.0), True),
        (Row("more", 1, "calls/s", 10.0, 10.0, 2.0), False),
        (Row("less", 0, "MiB", 10.0, 10.0, 1.0, less=True), True),
        (Row("less", 0, "MiB", 30.0, 10.0, 1.0, less=True), False),
        (Row("alone", 0, "MiB", 30.0, None, 1.0, less=True), None),
        (Row("no goal", 0, "MiB", 30.0, 10.0), None),
    ],
)
def test_whether_a_goal_is_reached(row: Row, reached: bool | None) -> None:
    assert row.reached is reached


def test_the_page_has_a_table_for_each_module_that_was_measured(results: Results) -> None:
    results.add("memory", Row("empty", 0, "MiB", 50.0, 25.0, 2.0, less=True))
    shown = page.filled(f"before\n{page.BEGIN}\nold\n{page.END}\nafter\n", results)
    assert "| empty |  | MiB | 50 | 25 | 2.00 ✓ | at most 2 |" in shown
    assert "broken off" in shown
    assert "old" not in shown
    assert shown.startswith("before\n")
    assert shown.endswith("\nafter\n")
