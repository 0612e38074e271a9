"""Tables on the terminal; rich is loaded only by commands that print one."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

PIPE_WIDTH, PIPE_HEIGHT = 10_000, 25  # columns and lines where no terminal folds anything: no table is as wide


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table."""
    _console().print(table_of(head, rows))


def table_of(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """A table, without the columns that are empty in every row."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False, header_style="bold")
    columns = [(name, cells) for name, *cells in zip(head, *rows, strict=True) if not cells or any(cells)]
    for name, _ in columns:
        made.add_column(name, overflow="fold")
    for row in zip(*(cells for _, cells in columns), strict=True):
        made.add_row(*row)
    return made


def view(shown: RenderableType) -> None:
    """Print what a view made."""
    _console().print(shown)


def watch(ask: Callable[[], Any], render: Callable[[Any], RenderableType], every: float, as_json: bool) -> None:
    """Ask again and again, and show the last answer, until Ctrl-C; where no terminal is, one answer below the other.

    :param every: seconds between two questions.
    :param as_json: print each answer as a line of JSON instead.
    """

    def tell(answer: Any) -> None:
        print(json.dumps(answer)) if as_json else view(render(answer))
        sys.stdout.flush()

    with suppress(KeyboardInterrupt):
        if as_json or not sys.stdout.isatty():
            while True:
                tell(ask())
                time.sleep(every)
        _watch_live(ask, render, every)


def _watch_live(ask: Callable[[], Any], render: Callable[[Any], RenderableType], every: float) -> None:
    from rich.live import Live

    with Live(console=_console(), auto_refresh=False, screen=True) as live:
        while True:
            live.update(render(ask()), refresh=True)
            time.sleep(every)


def _console() -> Console:
    from rich.console import Console

    if sys.stdout.isatty():
        return Console(highlight=False, markup=False)
    return Console(highlight=False, markup=False, width=PIPE_WIDTH, height=PIPE_HEIGHT)
