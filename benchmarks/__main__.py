"""`make bench`: runs each benchmark against virtloomd and, where installed, libvirtd, in turn.

Each module runs in a process of its own, for a bounded time; its figures are kept as they come, so that a run that was
broken off is taken up with `--resume`.
"""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import subprocess
import sys
from types import FrameType

from benchmarks.report import page
from benchmarks.report.results import Results, Row

ATTEMPTS = 2  # at a module: another libvirtd of the machine may have been in the way of the first
# Seconds that a module may take at most.
LIMITS = {
    "startup": 150,
    "kept": 120,
    "memory": 180,
    "calls": 240,
    "hung": 120,
    "hung_pool": 60,
    "starving": 90,
    "locks": 30,
    "streams": 90,
}


def main() -> int:
    """Run all or the named modules, and make the page. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--only", default="", metavar="WORDS", help="only the loads whose name contains this")
    parser.add_argument("--module", action="append", choices=[*page.MODULES], help="only this module; repeatable")
    parser.add_argument("--resume", action="store_true", help="pass over modules that this commit has been through")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)  # in this process: what main starts
    options = parser.parse_args()
    modules = options.module or [*page.MODULES]
    if options.here:
        return _measure_here(modules[0], options.only)
    failed = []
    try:
        for module in modules:
            if options.resume and Results().has(module):
                print(f"{module}: measured already", flush=True)
            elif not _measured(module, options.only):
                failed.append(module)
    finally:
        page.main()  # also of what was broken off
    if failed:
        print(f"not ended: {', '.join(failed)}; again with --resume", file=sys.stderr)
    return 1 if failed else 0


def _measured(module: str, only: str) -> bool:
    """Measure a module, once more if it failed; whether it came to its end. One that took too long is left."""
    statuses = (_bounded(module, only) for _ in range(ATTEMPTS))
    return next((status == 0 for status in statuses if status in (0, None)), False)


def _bounded(module: str, only: str) -> int | None:
    """Run a module in a process of its own; its exit status, None if it was not through in time."""
    print(f"\n{page.MODULES[module]}  (load {os.getloadavg()[0]:.1f}, at most {LIMITS[module]} s)", flush=True)
    command = [sys.executable, "-m", "benchmarks", "--here", "--module", module, "--only", only]
    process = subprocess.Popen(command)
    try:
        return process.wait(LIMITS[module])
    except subprocess.TimeoutExpired:
        return None
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    for stop in (process.terminate, process.kill):
        if process.poll() is None:
            stop()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                continue


def _measure_here(module: str, only: str) -> int:
    signal.signal(signal.SIGTERM, _leave)  # so that daemons are stopped and folders removed
    results, load = Results(), round(os.getloadavg()[0], 1)

    def tell(row: Row) -> None:
        print(row, flush=True)
        results.add(module, row)

    importlib.import_module(f"benchmarks.measures.{module}").measure(tell, only)
    if not only:
        results.end(module, load)
    return 0


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(1)


if __name__ == "__main__":
    sys.exit(main())
