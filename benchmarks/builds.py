"""The same loads against virtloomd on several builds of Python, in turn: what the interpreter lock costs and gives.

`.venv/bin/python -m benchmarks.builds .venv .venv-3.13t` names the environments, of which the first is what the others
are compared with. It prints a table for docs/performance.md; all figures are of this one run.
"""

from __future__ import annotations

import argparse
import subprocess
from contextlib import ExitStack
from pathlib import Path

from benchmarks.clients.loads import LOADS, Load
from benchmarks.measures.calls import Round, rounds
from benchmarks.targets import Target, virtloomd

TELL = "import sys; print(sys.version.split()[0] + 't' * ('free-threading' in sys.version))"


def main() -> None:
    """Measure the loads without guests against all of them, and print the table."""
    parser = argparse.ArgumentParser(prog="benchmarks.builds", description=__doc__)
    parser.add_argument("environments", type=Path, nargs="+", help="virtual environments that have virtloom")
    parser.add_argument("--only", default="", metavar="WORDS", help="only the loads whose name contains this")
    parser.add_argument("--config", default="", metavar="TOML", help="what the daemons are configured with")
    options = parser.parse_args()
    programs = [environment / "bin" / "virtloomd" for environment in options.environments]
    names = [_version(environment / "bin" / "python") for environment in options.environments]
    print(f"| | connections | {' | '.join(f'{name}: calls/s | processor us' for name in names)} |")
    print("|---" * (2 + 2 * len(names)) + "|", flush=True)
    with ExitStack() as stack:
        targets = [stack.enter_context(virtloomd(options.config, program)) for program in programs]
        for load in LOADS:
            if options.only in load.name and not load.population.guests:
                for connections in load.connections:
                    print(_row(load, connections, targets), flush=True)


def _version(python: Path) -> str:
    return subprocess.run([python, "-c", TELL], capture_output=True, text=True, check=True).stdout.strip()


def _row(load: Load, connections: int, targets: list[Target]) -> str:
    """The first one's figures, and those of the others as ratios to it."""
    first, *others = rounds(load, connections, targets)
    cells = [load.name, str(connections), f"{first.rate:,.0f}", f"{first.processor:.1f}"]
    for other in others:
        cells += _ratios(other, first)
    return f"| {' | '.join(cells)} |"


def _ratios(one: Round, first: Round) -> list[str]:
    return [f"x {one.rate / first.rate:.2f}", f"x {one.processor / first.processor:.2f}"]


if __name__ == "__main__":
    main()
