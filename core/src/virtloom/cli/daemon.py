"""`virtloomd`: runs in the foreground until it is told to stop.

What takes long to import is imported after the command line was read and signals are heard.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from virtloom import __version__
from virtloom.cli.collecting import collect_seldom
from virtloom.cli.signals import Signals


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="virtloomd", description="The virtualization daemon. Runs in the foreground.")
    made.add_argument("--root", type=Path, metavar="DIR", help="put everything below DIR; needs no privilege")
    made.add_argument("--config", type=Path, metavar="FILE", help="the configuration file, instead of the usual one")
    made.add_argument("--only", action="append", default=[], metavar="NAME", help="load only this driver; repeatable")
    made.add_argument("--ready-fd", type=int, metavar="N", help="write a line to descriptor N when clients can connect")
    made.add_argument("--verbose", action="store_true", help="log everything")
    made.add_argument("--version", action="version", version=f"virtloomd {__version__}")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run the daemon. Returns the exit status: 0 after an orderly stop, 78 for a wrong configuration, 1 otherwise."""
    options = parser().parse_args(argv)
    signals = Signals().listen()
    collect_seldom()

    from virtloom.cli.serving import run
    from virtloom.daemon.config import load
    from virtloom.daemon.daemon import Daemon
    from virtloom.daemon.notify import ready
    from virtloom.daemon.places import Places

    places = Places.below(options.root) if options.root else Places.default()

    def make() -> Daemon:
        config = load(options.config or places.config, required=options.config is not None)
        return Daemon(config, places, only=options.only, verbose=options.verbose)

    return run(make, lambda: ready(options.ready_fd), signals)


def program() -> NoReturn:
    """The command itself: ends with `main`, whatever still waits in the background, such as on a dead file system."""
    try:
        status = main()
    except KeyboardInterrupt:  # before signals were heard
        status = 130
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    program()
