"""How locks, waits, jobs, workers and stacks look on a terminal: each view makes a table of a report."""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from virtloom.cli.show import table_of

Row = dict[str, Any]
Options = argparse.Namespace

UUID_BEHIND = re.compile(r" \([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\)")


def party(who: Row | None) -> str:
    """A thread with its call and its client: "virDomainSave, client 7 virsh[1234], virtloomd-worker-3"."""
    if who is None:
        return "-"
    told = [who["api"], who["client"] and f"client {who['client']}", who["thread"]]
    return ", ".join(one for one in told if one)


def seconds(value: float | None) -> str:
    """A time for people."""
    if value is None:
        return ""
    return f"{value:.3f} s" if value < 10 else f"{value:.0f} s"


def brief(text: str) -> str:
    """A text without the uuids behind the names that people know; JSON has them."""
    return UUID_BEHIND.sub("", text)


def locks(rows: Sequence[Row], options: Options) -> RenderableType:
    """The locks that are held or waited for, or all of them."""
    shown = [row for row in rows if options.all or row["locked"] or row["waiters"]]
    lines: list[tuple[str, ...]] = []
    for row in shown:
        holder, taken = row["holder"], row["taken_at"]
        state = party(holder) if holder else ("held, by whom is not known" if row["locked"] else "free")
        where = f" at {taken}" if taken else ""
        lines.append((brief(row["name"]), row["level"], state + where, seconds(holder and holder["seconds"])))
        lines += [
            ("", f"waits {place}", party(who), seconds(who["seconds"])) for place, who in _numbered(row["waiters"])
        ]
    summary = f"{len(rows)} locks, {sum(row['locked'] for row in rows)} held"
    table = [table_of(("lock", "level", "holder and waiters", "since"), lines)] if lines else []
    return Group(*table, Text(summary))


def _numbered(rows: Iterable[Row]) -> Iterable[tuple[int, Row]]:
    return enumerate(rows, 1)


def waits(rows: Sequence[Row], options: Options) -> RenderableType:
    """The chains, longest first; those that wait for the same in the same way are shown once, with their number."""
    alike = Counter(_shape(row) for row in rows)
    parts: list[RenderableType] = []
    seen: set[Any] = set()
    for row in rows:
        shape = _shape(row)
        if shape not in seen:
            seen.add(shape)
            parts.append(_chain(row, alike[shape] - 1))
    return Group(*parts) if parts else Text("nobody waits")


def _shape(row: Row) -> tuple[Any, ...]:
    if not row["links"]:
        return row["holder"]["api"], row["outside"]["what"]
    rest = tuple((link["thread"], link["wanted"]) for link in row["links"][1:])
    return row["links"][0]["wanted"], rest, row["holder"] and row["holder"]["thread"]


def _chain(row: Row, more: int) -> Text:
    others = f", and {more} more" if more else ""
    lines: list[str] = []
    for link in row["links"]:
        waits = f"{party(link)}{others}: waits {seconds(link['seconds'])} for {brief(link['wanted'])}"
        lines.append("  " * len(lines) + waits)
        others = ""
    return Text("\n".join([*lines, "  " * len(lines) + _root(row, others)]))


def _root(row: Row, others: str) -> str:
    if row["circle"]:
        return "which another of these holds: a deadlock, or one that is just ending"
    holder, outside = party(row["holder"]) + others, row["outside"]
    if outside:
        does = f"waits {seconds(outside['seconds'])} for {outside['what']}"
    else:
        at = f", now at {row['holder_at'][0]}" if row["holder_at"] else ""
        does = f"called {seconds(row['holder']['seconds'])} ago{at}"
    return f"held by {holder}, which {does}" if row["links"] else f"{holder}: {does}"


def jobs(rows: Sequence[Row], options: Options) -> RenderableType:
    """The jobs: those that run, and behind each its queue."""
    lines = [_job(row) for row in rows]
    head = ("object", "number", "job", "state", "owner", "age", "progress", "may run inside", "ended by")
    return table_of(head, lines) if lines else Text("no jobs")


def _job(row: Row) -> tuple[str, ...]:
    shown = f"{row['driver']} {brief(row['object'])}" if row["state"] == "running" else ""
    owner, progress = row["owner"], _progress(row["progress"])
    names = (shown, str(row["number"]), row["kind"], row["state"], party(owner), seconds(owner["seconds"]))
    return *names, progress, ", ".join(row["allowed"]), row["ended_by"] or ""


def _progress(told: Row) -> str:
    total, done = told.get("data_total"), told.get("data_processed")
    if total and done is not None:
        return f"{100 * done / total:.0f}%"
    return ", ".join(f"{name} {value}" for name, value in told.items())


def workers(report: Row, options: Options) -> RenderableType:
    """The crews, and what each thread does."""
    crews = table_of(
        ("server", "workers", "threads", "idle", "waiting", "queued", "at most"),
        [
            (c["server"], c["kind"], *(str(c[name]) for name in ("threads", "idle", "waiting", "queued", "maximum")))
            for c in report["crews"]
        ],
    )
    busy = [_worker(row) for row in report["threads"] if options.all or row["state"] != "idle"]
    doing: list[RenderableType] = [Text(""), table_of(("thread", "state", "what", "since", "at"), busy)] if busy else []
    return Group(crews, *doing)


def _worker(row: Row) -> tuple[str, ...]:
    what = ", ".join(filter(None, (row["api"], row["client"] and f"client {row['client']}")))
    if row["waits_for"]:
        what += f"; waits {seconds(row['waited'])} for {brief(row['waits_for'])}"
    if row["holds"]:
        what += f"; holds {brief(', '.join(row['holds']))}"
    at = "" if row["state"] == "idle" else row["at"] or ""
    return row["thread"], row["state"], what, seconds(row["seconds"]), at


def stacks(rows: Sequence[Row], options: Options) -> RenderableType:
    """Each thread with what it does and its stack."""
    parts: list[RenderableType] = []
    for row in rows:
        _, state, what, since, _ = _worker(row)
        title = " ".join(filter(None, (row["thread"], f"({state})", what, since)))
        parts.append(Text("\n".join([title, *(f"  {site}" for site in row["stack"]), ""])))
    return Group(*parts)


def findings(rows: Sequence[Row], options: Options) -> RenderableType:
    """What the checker found."""
    parts = []
    for row in rows:
        whose = ", ".join(filter(None, (row["api"], row["client"] and f"client {row['client']}", row["thread"])))
        other = [f"  taken at {row['other']}"] if row["other"] else []
        stack = [f"  {site}" for site in row["stack"]]
        parts.append(Text("\n".join([f"{row['rule']}: {row['detail']} ({whose})", *other, *stack])))
    return Group(*parts) if parts else Text("no rule of locking was broken")


def order(rows: Sequence[Row], options: Options) -> RenderableType:
    """The order of the classes of locks, as it was seen."""
    lines = [
        (f"{row['held']} ({row['held_level']})", f"{row['taken']} ({row['taken_level']})", row["first"] or "")
        for row in rows
    ]
    return table_of(("while holding", "was taken", "first at"), lines)
