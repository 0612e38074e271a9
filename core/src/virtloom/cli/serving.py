"""Running daemons in this process, each until a signal or an administrator ends it."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable

from virtloom.cli.collecting import collect_seldom
from virtloom.cli.signals import Signals
from virtloom.daemon.config import ConfigError
from virtloom.daemon.daemon import Daemon
from virtloom.daemon.notify import sd_notify
from virtloom.errors import VirtError

EX_CONFIG = 78  # sysexits.h: something is wrong with the configuration
SWITCH_INTERVAL = 0.001  # seconds; a worker that computes lets the reader in sooner than Python's 5 ms


def run(make: Callable[[], Daemon], on_ready: Callable[[], None], signals: Signals) -> int:
    """Run daemons, each after the one that asked to be restarted, and say what keeps one from starting.

    :param make: makes a daemon; it reads the configuration anew.
    :param on_ready: called when the first one can be reached.
    :param signals: what was asked for meanwhile; one who is told to stop while it starts does so as soon as it can.
    :return: the exit status, see `main`.
    """
    sys.setswitchinterval(SWITCH_INTERVAL)
    collect_seldom()
    try:
        while True:
            daemon = make()
            daemon.start(lambda: signals.stop)
            gc.collect()
            gc.freeze()  # modules and drivers are there until the end, and need not be looked at again
            serve(daemon, on_ready, signals)
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


def serve(daemon: Daemon, on_ready: Callable[[], None], signals: Signals) -> None:
    """Serve until a signal or an administrator ends it."""
    if not signals.stop:
        on_ready()
    # The wait is short so that a signal's handler, which only leaves a mark, is followed soon.
    while not (signals.stop or daemon.stopping.wait(0.2)):
        if signals.reload:
            signals.reload = False
            sd_notify("RELOADING=1")
            for told in daemon.reload():
                print(f"virtloomd: {told}", file=sys.stderr, flush=True)
            sd_notify("READY=1")
    daemon.stopping.set()
    sd_notify("STOPPING=1")
    daemon.stop()
