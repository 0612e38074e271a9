"""`virtloomd` as a process: how it ends."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

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
from virtloom.cli import serving
from virtloom.cli.signals import Signals

class Stopping(threading.Event):
    def wait(self, timeout=None):
        with self._cond:
            signal.raise_signal(signal.SIGTERM)
        return super().wait(timeout)

class Running:
    stopping = Stopping()
    def stop(self):
        print("stopped")

serving.serve(Running(), lambda: None, Signals().listen())
"""


def test_a_signal_stops_it_whatever_it_interrupts() -> None:
    ended = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "stopped\n", "")


def test_a_signal_while_it_starts_ends_it_in_order(tmp_path: Path) -> None:
    slow = "import time\nfrom virtloom_network.networks.recovery import NetworkRecovery\n"
    slow += "NetworkRecovery.recover = lambda self: (print('starting', flush=True), time.sleep(1))\n"
    slow += "from virtloom.cli import daemon\ndaemon.program()\n"
    command = [sys.executable, "-c", slow, "--root", str(tmp_path / "r")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "starting\n"
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    assert (process.returncode, told) == (0, "")
    assert not (tmp_path / "r/run/virtloomd.pid").exists()
