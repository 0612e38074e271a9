"""The guest's clock and its timers (`qemuBuildClockCommandLine`)."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from virtloom.xmldef.document import Node
from virtloom_qemu.command.context import Context
from virtloom_qemu.command.line import CommandLine
from virtloom_qemu.definition.guest import Guest

TRACKS = {"guest": "vm", "wall": "host", "realtime": "rt"}


def add_clock(guest: Guest, context: Context, line: CommandLine) -> None:
    """`-rtc`, and timers that are of the machine."""
    clock = guest.root.need("clock")
    timers = list(clock.all("timer"))
    options = [f"base={_base(clock)}"]
    for timer in (one for one in timers if one.get("name") == "rtc"):
        track = TRACKS.get(timer.get("track") or "")
        options += [f"clock={track}"] if track is not None else []
        options += ["driftfix=slew"] if timer.get("tickpolicy") == "catchup" else []
    line.option("rtc", ",".join(options))
    if clock.get("offset") == "timezone" and clock.get("timezone") is not None:
        line.env["TZ"] = clock.attrs["timezone"]
    for timer in timers:
        policy = timer.get("tickpolicy")
        if timer.get("name") == "pit" and policy in ("delay", "discard"):
            line.option("global", f"kvm-pit.lost_tick_policy={policy}")
        elif timer.get("name") == "hpet" and timer.get("present") == "no":
            line.option("no-hpet")


def _base(clock: Node) -> str:
    offset = clock.get("offset") or "utc"
    if offset in ("localtime", "timezone"):
        return "localtime"
    if offset == "absolute":
        return _moment(int(clock.get("start") or 0))
    if offset != "variable":
        return "utc"
    adjustment = int(clock.get("adjustment") or 0)
    if clock.get("basis") == "localtime":
        adjustment += time.localtime().tm_gmtoff
    return _moment(int(time.time()) + adjustment)


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
