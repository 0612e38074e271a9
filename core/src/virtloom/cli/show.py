"""Tables on the terminal; rich is loaded only by commands that print one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table. Where it is too wide, the last column is folded: names in the others stay whole."""
    from rich.console import Console
    from rich.table import Table

    made = Table(box=None, pad_edge=False, header_style="bold")
    for name in head:
        made.add_column(name, overflow="fold", no_wrap=name != head[-1])
    for row in rows:
        made.add_row(*row)
    console = Console(highlight=False, markup=False)
    console.print(made)
