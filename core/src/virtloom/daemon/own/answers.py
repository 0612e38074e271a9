"""The table of our own program: what answers which procedure.

Whatever only looks, or aborts, takes no lock of a driver or an object and waits for nothing, so that it answers while
every worker is stuck; the administration server has workers of its own.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from virtloom.daemon.own import figures, lockstate, prometheus, threadstate
from virtloom.daemon.own.session import Report
from virtloom.daemon.own.status import drivers_report, events_report, status_report

if TYPE_CHECKING:
    from virtloom.daemon.daemon import Daemon


def answers(daemon: Daemon) -> dict[str, Report]:
    """What answers each procedure, by its name."""
    managers, servers, checker = daemon.lock_managers, (daemon.server, daemon.admin), daemon.checker
    registry, tracing = daemon.registry, daemon.tracing
    return {
        "get_status": lambda: status_report(daemon),
        "get_drivers": lambda: drivers_report(registry),
        "reload_drivers": daemon.reload_drivers,
        "get_events": lambda since: events_report(daemon.hub, since),
        "get_locks": lambda: lockstate.locks_report(managers, servers),
        "get_waits": lambda: lockstate.waits_report(servers),
        "get_jobs": lambda: lockstate.jobs_report(managers, servers),
        "get_workers": lambda: threadstate.workers_report(servers),
        "get_stacks": threadstate.stacks_report,
        "get_findings": lambda: lockstate.findings_report(checker),
        "get_order": lambda: lockstate.order_report(checker),
        "get_figures": lambda: figures.figures_report(managers, servers, checker),
        "get_metrics": lambda: prometheus.text(figures.figures_report(managers, servers, checker)),
        "start_trace": tracing.start,
        "stop_trace": tracing.stop,
        "get_trace": tracing.piece,
        "abort_job": lambda number, reason: lockstate.abort_job(managers, number, reason),
        "call_driver": lambda name, call, text: registry.administer(name, call, json.loads(text)),
    }
