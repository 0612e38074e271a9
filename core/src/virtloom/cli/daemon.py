"""`virtloomd`: runs in the foreground until it is told to stop."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from virtloom import __version__
from virtloom.daemon.config import ConfigError, load
from virtloom.daemon.daemon import Daemon
from virtloom.daemon.notify import ready, sd_notify
from virtloom.daemon.places import Places
from virtloom.errors import VirtError

EX_CONFIG = 78  # sysexits.h: something is wrong with the configuration
SWITCH_INTERVAL = 0.001  # seconds; a worker that computes lets the reader in sooner than Python's 5 ms
# Of the garbage collector: most of what is made goes without it or stays for ever, so it looks less often than Python's
# 700 allocations; reading 10,000 guests takes a seventh less time, and one look at the young takes 1 ms.
THRESHOLDS = 10_000, 20, 20


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
    places = Places.below(options.root) if options.root else Places.default()

    def make() -> Daemon:
        config = load(options.config or places.config, required=options.config is not None)
        return Daemon(config, places, only=options.only, verbose=options.verbose)

    return run(make, lambda: ready(options.ready_fd))


def run(make: Callable[[], Daemon], on_ready: Callable[[], None]) -> int:
    """Run daemons, each after the one that asked to be restarted, and say what keeps one from starting.

    :param make: makes a daemon; it reads the configuration anew.
    :param on_ready: called when the first one can be reached.
    :return: the exit status, see `main`.
    """
    sys.setswitchinterval(SWITCH_INTERVAL)
    gc.set_threshold(*THRESHOLDS)
    try:
        while True:
            daemon = make()
            daemon.start()
            gc.collect()
            gc.freeze()  # modules and drivers are there until the end, and need not be looked at again
            serve(daemon, on_ready)
            if daemon.restart_after is None:
                return 0
            time.sleep(daemon.restart_after)
            on_ready = _nothing
    except ConfigError as error:
        print("\n".join(f"virtloomd: {problem}" for problem in error.problems), file=sys.stderr)
        return EX_CONFIG
    except VirtError as error:
        hint = f"; {error.hint}" if error.hint else ""
        print(f"virtloomd: {error}{hint}", file=sys.stderr)
        return 1


def _nothing() -> None:
    """Who waited for the first daemon has been told."""


def serve(daemon: Daemon, on_ready: Callable[[], None]) -> None:
    """Serve until a signal or an administrator ends it."""
    reload_wanted = stop_wanted = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stop_wanted
        stop_wanted = True  # and not `stopping.set()`: the thread that it interrupts may be inside `stopping.wait`

    def reload(number: int, frame: FrameType | None) -> None:
        nonlocal reload_wanted
        reload_wanted = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    signal.signal(signal.SIGHUP, reload)
    on_ready()
    # The wait is short so that a signal's handler, which only leaves a mark, is followed soon.
    while not (stop_wanted or daemon.stopping.wait(0.2)):
        if reload_wanted:
            reload_wanted = False
            sd_notify("RELOADING=1")
            for told in daemon.reload():
                print(f"virtloomd: {told}", file=sys.stderr, flush=True)
            sd_notify("READY=1")
    daemon.stopping.set()
    sd_notify("STOPPING=1")
    daemon.stop()


def program() -> NoReturn:
    """The command itself: ends with `main`, whatever still waits in the background, such as on a dead file system."""
    status = main()
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    program()
