"""`virtloom fault` and `virtloom clock`: steering a running test driver from a shell."""

from __future__ import annotations

import argparse
import json
from typing import Any

from virtloom.cli import show
from virtloom.cli.ask import ask_driver
from virtloom.errors import ErrorCode, VirtError

FIELDS = ("uri", "call", "object", "event", "code", "message", "domain", "name")
NUMBERS = {"nth": int, "times": int, "keep": int, "probability": float, "seconds": float}


def add_commands(commands: Any) -> None:
    """Add `fault` and `clock`."""
    fault = commands.add_parser("fault", help="let the test driver fail on command")
    actions = fault.add_subparsers(dest="action", required=True, metavar="ACTION")
    add = actions.add_parser("add", help="put a fault in force and print its name")
    add.add_argument("do", help="what it does: error, delay, hang, close, torn, crash, agent-silent, enospc, restart, "
                                "drop-event, duplicate-event, reorder-event, delay-event")  # fmt: skip
    for field in FIELDS:
        add.add_argument(f"--{field}", metavar=field.upper())
    for field, kind in NUMBERS.items():
        add.add_argument(f"--{field}", type=kind, metavar="N")
    add.set_defaults(run=add_fault)
    load = actions.add_parser("load", help="put the faults of a TOML file in force")
    load.add_argument("path", metavar="FILE")
    load.set_defaults(run=load_faults)
    listing = actions.add_parser("list", help="every fault, how often something fitted and how often it hit")
    listing.add_argument("--json", action="store_true", help="print JSON")
    listing.set_defaults(run=list_faults)
    for word, help_ in (("remove", "end a fault"), ("release", "let go of what a fault holds back")):
        command = actions.add_parser(word, help=help_)
        command.add_argument("name")
        command.set_defaults(run=name_fault, call=f"fault_{word}")
    actions.add_parser("clear", help="end all faults").set_defaults(run=clear_faults)
    clock = commands.add_parser("clock", help="show the test driver's clock, or move it")
    clock.add_argument("--to", type=float, metavar="SECONDS", help="seconds since 1970")
    clock.add_argument("--by", type=float, metavar="SECONDS", help="seconds to add")
    clock.add_argument("--rate", type=float, help="how fast it runs; 0 stops it")
    clock.set_defaults(run=move_clock)
    durations = commands.add_parser("durations", help="how long work takes on the test driver's hosts")
    durations.add_argument("pairs", nargs="*", metavar="KIND=SECONDS")
    durations.set_defaults(run=set_durations)


def add_fault(options: argparse.Namespace) -> None:
    """Put a fault in force."""
    given = {name: getattr(options, name) for name in (*FIELDS, *NUMBERS) if getattr(options, name) is not None}
    print(ask_driver(options, "test", "fault_add", do=options.do, **given))


def load_faults(options: argparse.Namespace) -> None:
    """Put the faults of a file in force."""
    print("\n".join(ask_driver(options, "test", "fault_load", path=options.path)))


def list_faults(options: argparse.Namespace) -> None:
    """Print all faults."""
    faults = ask_driver(options, "test", "fault_list")
    if options.json:
        print(json.dumps(faults, indent=2))
        return
    rows = [(f["name"], f["do"], _which(f), str(f["fitted"]), str(f["hit"])) for f in faults]
    show.table(("name", "does", "to which", "fitted", "hit"), rows)


def _which(fault: dict[str, Any]) -> str:
    besides = ("name", "do", "fitted", "hit", "message", "code")
    return ", ".join(f"{key} {value}" for key, value in fault.items() if key not in besides) or "all"


def name_fault(options: argparse.Namespace) -> None:
    """Remove or release a fault."""
    ask_driver(options, "test", options.call, name=options.name)


def clear_faults(options: argparse.Namespace) -> None:
    """End all faults, and say how many there were."""
    print(f"{ask_driver(options, 'test', 'fault_clear')} faults ended")


def move_clock(options: argparse.Namespace) -> None:
    """Show or move the clock."""
    given = {name: getattr(options, name) for name in ("to", "by", "rate") if getattr(options, name) is not None}
    shown = ask_driver(options, "test", "clock", **given)
    print(f"{shown['now']:.3f} s since 1970, at {shown['rate']:g} times the real speed")


def set_durations(options: argparse.Namespace) -> None:
    """Show or change how long work takes."""
    given = {}
    for pair in options.pairs:
        kind, _, value = pair.partition("=")
        try:
            given[kind] = float(value)
        except ValueError:
            raise VirtError(ErrorCode.INVALID_ARG, f"'{pair}' is not KIND=SECONDS, such as save=2.5") from None
    durations = ask_driver(options, "test", "durations", **given)
    show.table(("work", "seconds"), [(kind, f"{seconds:g}") for kind, seconds in durations.items()])
