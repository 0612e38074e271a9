"""`virtloom-test`: one command from nothing to a hypervisor that does what it is told.

It makes a scratch folder, starts the daemon in it, prints how to reach it, and serves until it is stopped or until the
command that it was given has ended. The folder goes with it.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from virtloom_testing.settings import configuration, scratch_root

SESSIONS = ("proxy", "replay", "diff")  # the first words that are commands of their own (`sessions.command`)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="virtloom-test",
        description="A scratch virtualization daemon with the test driver, for testing clients of libvirt.",
        epilog="With a COMMAND it runs that in the daemon's environment and ends with its status. "
        f"virtloom-test {'|'.join(SESSIONS)} record and replay sessions; see their --help.",
    )
    made.add_argument("--faults", type=Path, metavar="FILE", help="a TOML file of faults")
    made.add_argument("--seed", metavar="TEXT", help="uuids, addresses and chances are the same in every run")
    made.add_argument("--clock", type=float, metavar="SECONDS", help="what the hosts' clock shows at first")
    made.add_argument("--clock-rate", type=float, metavar="RATE", help="how fast it runs; 0 to move it by hand")
    made.add_argument("--duration", action="append", default=[], metavar="KIND=SECONDS", help="how long work takes")
    made.add_argument("--host", type=Path, metavar="FILE", help="a host that 'virtloom record' wrote")
    made.add_argument("--as", dest="scheme", metavar="SCHEME", help="be SCHEME:///system too, for clients of qemu")
    made.add_argument("--like-libvirt", action="store_true", help="nothing that libvirt's test driver has not")
    made.add_argument("--root", type=Path, metavar="DIR", help="a folder of your own, which is kept with its hosts")
    made.add_argument("--verbose", action="store_true", help="log everything")
    made.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND", help="what to run, after --")
    return made


def settings(options: argparse.Namespace) -> dict[str, Any]:
    """The keys of the driver's section that the command line sets."""
    given = {
        "faults": options.faults and str(options.faults.absolute()),
        "seed": options.seed,
        "clock": options.clock,
        "clock_rate": options.clock_rate,
        "durations": options.duration,
        "host": options.host and str(options.host.absolute()),
        "persist": options.root is not None,
    }
    if options.like_libvirt:
        given |= {"extras": False, "keep_hosts": False}
    return {key: value for key, value in given.items() if value not in (None, [])}


def main(argv: Sequence[str] | None = None) -> int:
    """Serve. Returns the exit status: the command's where one was given, otherwise the daemon's."""
    words = sys.argv[1:] if argv is None else argv
    if words[:1] and words[0] in SESSIONS:
        from virtloom_testing.sessions.command import main as sessions

        return sessions(words)
    options = parser().parse_args(words)
    root = options.root or scratch_root()
    try:
        return _serve(root.absolute(), options)
    finally:
        if options.root is None:
            shutil.rmtree(root, ignore_errors=True)


def _serve(root: Path, options: argparse.Namespace) -> int:
    from virtloom.cli.serving import run
    from virtloom.cli.signals import Signals
    from virtloom.daemon.config import load
    from virtloom.daemon.daemon import Daemon
    from virtloom.daemon.places import Places

    places = Places.below(root)
    places.config.parent.mkdir(parents=True, exist_ok=True)
    places.config.write_text(configuration(settings(options), [options.scheme] if options.scheme else []))
    uri = f"{options.scheme or 'test'}+unix:///{'system' if options.scheme else 'default'}?socket={places.socket}"
    environment = {"LIBVIRT_DEFAULT_URI": uri, "VIRTLOOM_ROOT": str(root)}
    ended: list[int] = []
    daemons: list[Daemon] = []

    def make() -> Daemon:
        daemons[:] = [Daemon(load(places.config), places, only=["test"], verbose=options.verbose)]
        return daemons[0]

    def on_ready() -> None:
        words = options.command[1:] if options.command[:1] == ["--"] else options.command
        if words:
            threading.Thread(target=command, args=(words,), name="command", daemon=True).start()
        else:
            print("\n".join(f"export {name}={shlex.quote(value)}" for name, value in environment.items()), flush=True)
            print(f"# serving until Ctrl-C; try: virsh -c {shlex.quote(uri)} list --all", flush=True)

    def command(words: list[str]) -> None:
        try:
            ended.append(subprocess.call(words, env={**os.environ, **environment}))
        except OSError as error:
            print(f"virtloom-test: {words[0]}: {error.strerror}", file=sys.stderr)
            ended.append(127)
        daemons[0].stopping.set()

    status = run(make, on_ready, Signals().listen())
    return ended[0] if ended else status


if __name__ == "__main__":
    sys.exit(main())
