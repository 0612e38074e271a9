"""Tables on the terminal; rich is loaded only by commands that print one."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

PIPE_WIDTH, PIPE_HEIGHT = 10_000, 25  # columns and lines where no terminal folds anything: no table is as wide


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table."""
    _console().print(table_of(head, rows))


def table_of(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """A table."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False, header_style="bold")
    for name in head:
        made.add_column(name, overflow="fold")
    for row in rows:
        made.add_row(*row)
    return made


def view(shown: RenderableType) -> None:
    """Print what a view made."""
    _console().print(shown)


def watch(ask: Callable[[], Any], render: Callable[[Any], RenderableType], every: float, as_json: bool) -> None:
    """Ask again and again, and show the last answer, until Ctrl-C.

    :param every: seconds between two questions.
    :param as_json: print each answer as a line of JSON instead.
    """
    try:
        if as_json:
            while True:
                print(json.dumps(ask()), flush=True)
                time.sleep(every)
        _watch_live(ask, render, every)
    except KeyboardInterrupt:
        pass


def _watch_live(ask: Callable[[], Any], render: Callable[[Any], RenderableType], every: float) -> None:
    from rich.live import Live

    console = _console()
    with Live(console=console, auto_refresh=False, screen=console.is_terminal) as live:
        while True:
            live.update(render(ask()), refresh=True)
            time.sleep(every)


def _console() -> Console:
    from rich.console import Console

    if sys.stdout.isatty():
        return Console(highlight=False, markup=False)
    return Console(highlight=False, markup=False, width=PIPE_WIDTH, height=PIPE_HEIGHT)
