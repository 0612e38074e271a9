"""The commands of `virtloom`: they ask a running daemon, and read and write its configuration."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import entry_points
from pathlib import Path

from virtloom import __version__
from virtloom.cli import ask, configure, lint, watching
from virtloom.client import ConnectionLost, DeadlineMissed
from virtloom.daemon.config import ConfigError
from virtloom.errors import VirtError

COMMANDS = "virtloom.commands"  # entry points: functions that add commands to the parser, as `ask.add_commands` does


def parser() -> argparse.ArgumentParser:
    """The command line: a command, and where its daemon is."""
    made = argparse.ArgumentParser(prog="virtloom", description="Ask and configure virtloomd.")
    made.add_argument("--version", action="version", version=f"virtloom {__version__}")
    made.add_argument("--root", type=Path, metavar="DIR", help="the daemon that was started with --root DIR")
    made.add_argument("--socket", type=Path, metavar="PATH", help="the daemon's socket, instead of the usual one")
    made.add_argument("--connect", "-c", default="", metavar="URI", help="the URI to open; the daemon's first if none")
    made.add_argument("--config", type=Path, metavar="FILE", help="the configuration file, instead of the usual one")
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    ask.add_commands(commands)
    watching.add_commands(commands)
    configure.add_commands(commands)
    lint.add_commands(commands)
    for entry in sorted(entry_points(group=COMMANDS), key=lambda entry: entry.name):
        try:
            entry.load()(commands)
        except Exception as error:
            do = f"; reinstall or remove {entry.dist.name}" if entry.dist is not None else ""
            print(f"virtloom: the command '{entry.name}' cannot be loaded: {error}{do}", file=sys.stderr)
    return made


def run(argv: Sequence[str] | None = None) -> int:
    """Run a command. Returns the exit status: 0, or 1 after saying what was wrong."""
    options = parser().parse_args(argv)
    try:
        options.run(options)
    except ConfigError as error:
        return _failed(*error.problems)
    except VirtError as error:
        return _failed(str(error), *([error.hint] if error.hint else []))
    except BrokenPipeError:
        raise  # of what is printed; a daemon that goes is a ConnectionLost
    except (ConnectionLost, DeadlineMissed) as error:
        return _failed(str(error))
    except OSError as error:
        return _failed(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    return 0


def _failed(*lines: str) -> int:
    for line in lines:
        print(f"virtloom: {line}", file=sys.stderr)
    return 1
