"""`virtloom-test proxy`, `replay` and `diff`: record a session, answer it again, compare two."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from virtloom.errors import VirtError
from virtloom_testing.sessions.differences import show
from virtloom_testing.sessions.file import read_session
from virtloom_testing.sessions.proxy import Proxy
from virtloom_testing.sessions.replay import Replay
from virtloom_testing.sessions.script import compare

DIFFERENT = 3  # the status when a session was not what was recorded


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="virtloom-test")
    commands = made.add_subparsers(dest="word", required=True, metavar="COMMAND")
    proxy = commands.add_parser("proxy", help="record what clients and a daemon say to each other")
    proxy.add_argument("--to", required=True, metavar="URI", help="the daemon's, with ?socket=PATH")
    proxy.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="the session to write")
    proxy.set_defaults(run=run_proxy)
    replay = commands.add_parser("replay", help="answer a recorded session again")
    replay.add_argument("session", type=Path, metavar="FILE")
    replay.add_argument("--loose", action="store_true", help="calls may come in any order and number")
    replay.set_defaults(run=run_replay)
    for one in (proxy, replay):
        one.epilog = "What follows -- is run with LIBVIRT_DEFAULT_URI set, and ends it."
    diff = commands.add_parser("diff", help="show how two recorded sessions differ")
    diff.add_argument("old", type=Path)
    diff.add_argument("new", type=Path)
    diff.add_argument("--answers", action="store_true", help="compare the answers too")
    diff.set_defaults(run=run_diff)
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run one. Returns the exit status: the command's, 3 for a session that differs, 1 after saying what is wrong."""
    words = list(sys.argv[1:] if argv is None else argv)
    end = words.index("--") if "--" in words else len(words)
    options = parser().parse_args(words[:end], argparse.Namespace(command=words[end + 1 :]))
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except (VirtError, OSError) as error:
        print(f"virtloom-test: {error}", file=sys.stderr)
        return 1


def run_proxy(options: argparse.Namespace) -> int:
    """Record for as long as a command runs, or until Ctrl-C."""
    with Proxy(options.to, options.output) as proxy:
        return _serve(proxy.uri, options.command)


def run_replay(options: argparse.Namespace) -> int:
    """Answer for as long as a command runs, or until Ctrl-C, and print the differences."""
    with Replay(options.session, loose=options.loose) as replay:
        status = _serve(replay.uri, options.command)
    told = _told(replay.differences)
    return status or told


def run_diff(options: argparse.Namespace) -> int:
    """Print how two sessions differ."""
    return _told(show(compare(read_session(options.old), read_session(options.new)), answers=options.answers))


def _told(differences: str) -> int:
    print(differences, end="\n" if differences else "", flush=True)
    return DIFFERENT if differences else 0


def _serve(uri: str, command: list[str]) -> int:
    """Run a command that reaches us by LIBVIRT_DEFAULT_URI; without one, wait to be stopped."""
    if command:
        return subprocess.call(command, env={**os.environ, "LIBVIRT_DEFAULT_URI": uri})
    print(f"export LIBVIRT_DEFAULT_URI='{uri}'\n# serving until Ctrl-C", flush=True)
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    signal.sigwait(ENDING)
    return 0


ENDING = {signal.SIGINT, signal.SIGTERM}
