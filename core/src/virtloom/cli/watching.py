"""The commands that look into a running daemon: locks, jobs, workers, stacks; a trace; figures."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from virtloom.cli import show
from virtloom.cli.ask import report
from virtloom.errors import ErrorCode, VirtError

Options = argparse.Namespace


class View(NamedTuple):
    """A report and the function of `lockviews` that shows it."""

    report: str
    render: str


def add_commands(commands: Any) -> None:
    """Add the commands of this file."""
    locks = _looking(commands, "locks", "who holds what and who waits for it", lambda options: View(*_which(options)))
    which = locks.add_mutually_exclusive_group()
    which.add_argument("--waiting", action="store_true", help="chains of threads that wait for one another")
    which.add_argument("--findings", action="store_true", help="what the checker found so far")
    which.add_argument("--order", action="store_true", help="in which order classes of locks were taken")
    locks.add_argument("--all", action="store_true", help="those that are free as well")
    jobs = _looking(commands, "jobs", "what works on which object, and who waits for that", View("get_jobs", "jobs"))
    abort = jobs.add_subparsers(title="commands").add_parser("abort", help="tell long work to stop")
    abort.add_argument("number", type=int, metavar="NUMBER", help="the job's, as 'virtloom jobs' shows it")
    abort.add_argument("--reason", default="an administrator aborted it", help="what its caller is told")
    abort.set_defaults(run=abort_job)
    workers = _looking(commands, "workers", "what the threads for calls do", View("get_workers", "workers"))
    workers.add_argument("--all", action="store_true", help="those that are idle as well")
    _looking(commands, "stacks", "where each thread is", View("get_stacks", "stacks"))
    trace = commands.add_parser("trace", help="record waits, holds, jobs and calls for ui.perfetto.dev")
    trace.add_argument("--seconds", type=float, default=5.0, metavar="N", help="for how long (5)")
    trace.add_argument(
        "--output", "-o", type=Path, default=Path("virtloom-trace.json"), metavar="FILE", help="where to"
    )
    trace.set_defaults(run=write_trace)
    metrics = commands.add_parser("metrics", help="figures, in Prometheus' text format")
    metrics.add_argument("--json", action="store_true", help="print JSON")
    metrics.set_defaults(run=print_metrics)


def _which(options: Options) -> tuple[str, str]:
    chosen = {"waits": options.waiting, "findings": options.findings, "order": options.order}
    name = next((name for name, wanted in chosen.items() if wanted), "locks")
    return f"get_{name}", name


def _looking(commands: Any, name: str, says: str, view: View | Callable[[Options], View]) -> Any:
    """A command that shows a report, once or again and again."""
    command = commands.add_parser(name, help=says)
    command.add_argument("--json", action="store_true", help="print JSON")
    command.add_argument("--watch", "-w", action="store_true", help="again and again, until Ctrl-C")
    command.add_argument("--every", type=float, default=1.0, metavar="SECONDS", help="with --watch, how often (1)")

    def run(options: Options) -> None:
        _look(options, view(options) if callable(view) else view)

    command.set_defaults(run=run)
    return command


def _look(options: Options, view: View) -> None:
    def ask() -> Any:
        return report(options, view.report)

    def render(answer: Any) -> Any:
        from virtloom.cli import lockviews  # loads rich, which JSON does not need

        return getattr(lockviews, view.render)(answer, options)

    if options.watch:
        show.watch(ask, render, max(0.05, options.every), options.json)
    elif options.json:
        print(json.dumps(ask(), indent=2))
    else:
        show.view(render(ask()))


def abort_job(options: Options) -> None:
    """Tell a job to stop."""
    told = report(options, "abort_job", options.number, options.reason)
    client = f" of client {told['client']}" if told["client"] else ""
    print(f"job {options.number}, {told['api']}{client} on {told['object']}, is told to stop")


def write_trace(options: Options) -> None:
    """Record for a while and write the trace."""
    target: Path = options.output
    if not target.parent.is_dir():
        raise VirtError(ErrorCode.INVALID_ARG, f"there is no folder {target.parent} to write {target.name} to")
    if options.seconds <= 0:
        raise VirtError(ErrorCode.INVALID_ARG, f"a trace takes some seconds, not {options.seconds:g}")
    report(options, "start_trace", round(options.seconds * 1000))
    with suppress(KeyboardInterrupt):
        print(f"recording for {options.seconds:g} s, or until Ctrl-C ...", file=sys.stderr)
        time.sleep(options.seconds)
    told = report(options, "stop_trace")
    events: list[Any] = []
    while len(events) < told["events"]:
        piece = report(options, "get_trace", len(events))
        if not piece:
            raise VirtError(ErrorCode.OPERATION_FAILED, "the trace was replaced by another one while it was read")
        events += piece
    target.write_text(json.dumps({"traceEvents": events, "displayTimeUnit": "ms"}))
    lost = f"; {told['dropped']} older ones were dropped" if told["dropped"] else ""
    print(f"wrote {target}: {len(events)} events{lost}; open it at https://ui.perfetto.dev", file=sys.stderr)


def print_metrics(options: Options) -> None:
    """The daemon's figures."""
    if options.json:
        print(json.dumps(report(options, "get_figures"), indent=2))
    else:
        print(report(options, "get_metrics"), end="")
