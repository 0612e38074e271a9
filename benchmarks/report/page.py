"""The figures in docs/performance.md: `python -m benchmarks.report.page` puts those of the JSON into it.

What stands between the two marks is made from the JSON; the rest is written by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.report.results import DOCS, Results, Row

PAGE = DOCS / "performance.md"
CHART = DOCS / "performance.svg"
BEGIN = "<!-- figures: made by `make bench` from performance.json -->"
END = "<!-- end of the figures -->"

# The modules in the order in which they are measured and shown, with the heading of each.
MODULES = {
    "startup": "From the start to the first answer",
    "kept": "A start with guests of QEMU's that were kept",
    "memory": "Memory",
    "calls": "Calls",
    "hung": "While 200 calls are stuck on a hung guest",
    "hung_pool": "While calls are stuck on a hung pool",
    "starving": "While another client keeps the daemon busy",
    "locks": "A lock that nobody else wants",
    "streams": "Volumes",
}
COMPARED = ("startup", "memory", "calls")  # those whose figures stand in the chart


def figures(results: Results) -> str:
    """The tables, as Markdown."""
    machine = results.machine
    lines = [
        f"{machine.get('processors')} processors, Linux {machine.get('kernel')}, CPython {machine.get('python')}, "
        f"libvirtd {machine.get('libvirtd') or 'not installed'}.",
        "",
        f"![How the figures compare]({CHART.name})",
    ]
    for module, heading in MODULES.items():
        rows = results.rows(module)
        if rows:
            lines += ["", f"### {heading}", "", _when(module, results), "", *_table(rows)]
    return "\n".join(lines) + "\n"


def _when(module: str, results: Results) -> str:
    entry = results.modules[module]
    whole = "" if entry.get("ended") else "; broken off before its end"
    return (
        f"`make bench ARGS='--module {module}'`, {entry.get('taken', 'not ended')} UTC, commit {entry.get('commit')}, "
        f"load of the machine before: {entry.get('load', '?')}{whole}."
    )


def _table(rows: Sequence[Row]) -> list[str]:
    full = any(row.processor is not None for row in rows)
    beside = rows[0].beside
    head = ["", "connections", "unit", "virtloomd", beside, "ratio", "goal"]
    head += ["processor us", f"{beside}'s", "p99 us", f"{beside}'s"] if full else []
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for row in rows:
        goal = "" if row.goal is None else f"{'at most ' if row.less else ''}{row.goal:g}"
        mark = {True: " ✓", False: " ✗", None: ""}[row.reached]
        cells = [row.load, str(row.connections or ""), row.unit, _number(row.ours), _number(row.theirs)]
        cells += ["" if row.ratio is None else f"{row.ratio:.2f}{mark}", goal]
        timed = (row.processor, row.beside_processor, row.p99, row.beside_p99)
        cells += [_number(value) for value in timed] if full else []
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def filled(page: str, results: Results) -> str:
    """The page's text with the figures in their place."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{figures(results)}\n{END}{after}"


def main(page: Path = PAGE) -> None:
    """Make page and chart anew."""
    from benchmarks.report import chart  # who only measures need not have what draws

    results = Results()
    page.write_text(filled(page.read_text(), results))
    chart.write([row for module in COMPARED for row in results.rows(module)], CHART)
    print(f"{page} and {CHART} show what was measured")


if __name__ == "__main__":
    main()
