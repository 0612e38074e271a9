"""The figures as JSON, `docs/performance.json`: a run that is broken off loses none that it has."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

DOCS = Path(__file__).resolve().parents[2] / "docs"
FILE = DOCS / "performance.json"


class Row(NamedTuple):
    """One figure, beside the one that it is compared with.

    :ivar connections: over how many; 0 where that says nothing.
    :ivar ours: theirs: in `unit`; theirs is None where there is nothing to compare with.
    :ivar goal: the ratio to be reached, None if none was set.
    :ivar less: whether less is better: the goal is then the most that the ratio may be.
    :ivar beside: what theirs is of.
    :ivar processor: beside_processor: microseconds of processor time a call, where that was measured; it says more than
        `ours` when the machine does other work meanwhile.
    :ivar p99: beside_p99: microseconds within which 99 of 100 calls were answered.
    """

    load: str
    connections: int
    unit: str
    ours: float
    theirs: float | None
    goal: float | None = None
    less: bool = False
    beside: str = "libvirtd"
    processor: float | None = None
    beside_processor: float | None = None
    p99: float | None = None
    beside_p99: float | None = None

    @property
    def ratio(self) -> float | None:
        """Ours to theirs."""
        return None if not self.theirs else self.ours / self.theirs

    @property
    def reached(self) -> bool | None:
        """Whether the goal is; None where that cannot be said."""
        if self.ratio is None or self.goal is None:
            return None
        return self.ratio <= self.goal if self.less else self.ratio >= self.goal

    def __str__(self) -> str:
        over = f" x{self.connections}" if self.connections else ""
        text = f"{self.load + over:48} {self.ours:10.1f} {self.unit}"
        if self.theirs is not None:
            text += f"   {self.beside} {self.theirs:10.1f}   ratio {self.ratio:6.2f}"
        if self.goal is not None:
            text += f"   goal {'at most ' if self.less else ''}{self.goal}"
        if self.processor is not None and self.beside_processor:
            text += f"   processor {self.processor:.1f} us to {self.beside_processor:.1f} us"
        return text


Tell = Callable[[Row], None]


class Results:
    """What is in the file.

    :param path: the file; it need not be there.
    """

    def __init__(self, path: Path = FILE) -> None:
        self.path = path
        read = json.loads(path.read_text()) if path.exists() else {}
        self.machine: dict[str, str] = read.get("machine", {})
        self.modules: dict[str, dict[str, Any]] = read.get("modules", {})

    def rows(self, module: str) -> list[Row]:
        """The figures of one module, in the order in which they were first measured."""
        return [Row(**row) for row in self.modules.get(module, {}).get("rows", ())]

    def add(self, module: str, row: Row) -> None:
        """Put a figure in, in the place of the one that it measures anew."""
        entry = self.modules.setdefault(module, {"rows": []})
        same = [n for n, old in enumerate(self.rows(module)) if old[:2] == row[:2] and old.beside == row.beside]
        entry["rows"][slice(*((same[0], same[0] + 1) if same else (len(entry["rows"]), None)))] = [row._asdict()]
        entry["commit"], entry["ended"] = commit(), False
        self.save()

    def end(self, module: str, load: float) -> None:
        """All of a module was measured.

        :param load: of the machine before it.
        """
        entry = self.modules.setdefault(module, {"rows": []})
        entry |= {"commit": commit(), "ended": True, "taken": f"{datetime.now(UTC):%Y-%m-%d %H:%M}", "load": load}
        self.save()

    def has(self, module: str) -> bool:
        """Whether all of a module was measured with what is checked out."""
        entry = self.modules.get(module, {})
        return bool(entry.get("ended")) and entry.get("commit") == commit()

    def save(self) -> None:
        """Write the file, whole or not at all."""
        self.machine = machine()
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps({"machine": self.machine, "modules": self.modules}, indent=1) + "\n")
        os.replace(fresh, self.path)


def commit() -> str:
    """What is checked out, as git abbreviates it; "" where that is not known."""
    return _said(["git", "-C", str(DOCS), "rev-parse", "--short", "HEAD"])


def machine() -> dict[str, str]:
    """Where it was measured."""
    return {
        "processors": str(os.cpu_count()),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "libvirtd": _said(["libvirtd", "--version"]).rpartition(" ")[2],
    }


def _said(command: Iterable[str]) -> str:
    try:
        return subprocess.run([*command], capture_output=True, text=True, timeout=10, check=False).stdout.strip()
    except OSError:
        return ""


def medians(rows: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """The median of each figure over some rounds."""
    from statistics import median

    rounds = list(rows)
    return {name: median(one[name] for one in rounds) for name in rounds[0]}
