"""`virtloomd` as a process: how it ends."""

from __future__ import annotations

import subprocess
import sys

# A daemon that stopped in order, while something in its background still waits for what does not come.
WAITING = """
import threading
from concurrent.futures import ThreadPoolExecutor
from virtloom.cli import daemon

def main():
    ThreadPoolExecutor(1).submit(threading.Event().wait)
    print("stopped")
    return 3

daemon.main = main
daemon.program()
"""


def test_what_still_waits_in_the_background_does_not_keep_the_process() -> None:
    ended = subprocess.run([sys.executable, "-c", WAITING], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (3, "stopped\n")


# The signal comes at the one moment in which the thread that waits has the event's own lock.
INTERRUPTED = """
import signal, threading
from virtloom.cli import daemon

class Stopping(threading.Event):
    def wait(self, timeout=None):
        with self._cond:
            signal.raise_signal(signal.SIGTERM)
        return super().wait(timeout)

class Running:
    stopping = Stopping()
    def stop(self):
        print("stopped")

daemon.serve(Running(), lambda: None)
"""


def test_a_signal_stops_it_whatever_it_interrupts() -> None:
    ended = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "stopped\n", "")
