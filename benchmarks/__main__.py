"""`make bench`: runs each benchmark against virtloomd and, where installed, libvirtd, in turn."""

from __future__ import annotations

import argparse
import sys

from benchmarks import calls, hung, hung_pool, locks, streams


def main() -> int:
    """Run all or the named benchmarks. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--only", default="", metavar="WORDS", help="only the loads whose name contains this")
    options = parser.parse_args()
    calls.main(options.only)
    if options.only in "locks":
        locks.main()
    if options.only in "hung guest":
        hung.main()
    if options.only in "hung pool":
        hung_pool.main()
    if options.only in "streams":
        streams.main()
    return 0


if __name__ == "__main__":
    sys.exit(main())
