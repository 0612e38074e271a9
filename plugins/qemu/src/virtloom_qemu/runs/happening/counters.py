"""A definition's performance counters begin to count when its run begins, or is found again."""

from __future__ import annotations

from logging import Logger

from virtloom.errors import VirtError
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.tunables import perf_events, with_perf_events
from virtloom_qemu.runs.state import Run


def count_again(run: Run, live: Domain, log: Logger) -> Domain:
    """Have counted what a definition names; what it is without what this host does not count (`qemuProcessLaunch`)."""
    refused: dict[str, bool] = {}
    for name in (name for name, on in perf_events(live).items() if on):
        try:
            run.counters.enable(name)
        except VirtError as error:
            log.warning("%s is not counted for %s: %s", name, live.name, error)
            refused[name] = False
    return with_perf_events(live, refused) if refused else live
