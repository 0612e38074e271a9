"""The ratios as a chart, `docs/performance.svg`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pygal
from pygal.style import Style

from benchmarks.report.results import Row

REACHED, MISSED, UNSET = "#2a7f62", "#c8553d", "#8d99ae"
COLOURS = {True: REACHED, False: MISSED, None: UNSET}


def chart(rows: Iterable[Row]) -> str:
    """Bars that say how many times better than libvirtd each figure is; 1 is as good."""
    shown = [row for row in rows if row.ratio]
    style = Style(background="white", plot_background="white", font_family="sans-serif", label_font_size=11)
    made = pygal.HorizontalBar(
        style=style, logarithmic=True, show_legend=False, print_values=True, no_prefix=True, js=(), pretty_print=True,
        height=120 + 26 * len(shown), width=900, spacing=4, disable_xml_declaration=False,
        title="Times better than libvirtd (green: the goal is reached)",
    )  # fmt: skip
    made.x_labels = [_label(row) for row in reversed(shown)]
    made.add("", [_bar(row) for row in reversed(shown)], formatter=lambda value: f"{value:.2f}")
    return str(made.render(is_unicode=True))


def _label(row: Row) -> str:
    return f"{row.load} x{row.connections}" if row.connections else row.load


def _bar(row: Row) -> dict[str, object]:
    assert row.ratio is not None
    return {"value": round(1 / row.ratio if row.less else row.ratio, 3), "color": COLOURS[row.reached]}


def write(rows: Iterable[Row], path: Path) -> None:
    """Make the file."""
    path.write_text(chart(rows))
