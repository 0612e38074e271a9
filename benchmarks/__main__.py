"""`make bench`: runs each benchmark against virtloomd and, where installed, libvirtd, in turn."""

from __future__ import annotations

import argparse
import sys

from benchmarks import calls, idle


def main() -> int:
    """Run all or the named benchmarks. Returns the exit status."""
    suites = {"calls": calls.main, "idle": idle.main}
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*suites, []], help="which ones; all by default")
    options = parser.parse_args()
    for name in options.names or suites:
        print(f"== {name}: {(sys.modules[suites[name].__module__].__doc__ or '').splitlines()[0]}")
        suites[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main())
