"""What a running daemon tells about itself: its clients, workers and calls, and its drivers."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from virtloom.api import contract
from virtloom.api.subscriptions import event_procedure, message
from virtloom.driver.events import EventHub
from virtloom.driver.loading.registry import DriverRegistry
from virtloom.wire.as_json import plain

if TYPE_CHECKING:
    from virtloom.daemon.daemon import Daemon
    from virtloom.server.server import Server


def drivers_report(registry: DriverRegistry) -> list[dict[str, Any]]:
    """Each plugin: what it is, whether it runs, why not, and what it supports."""
    rows = []
    for status in registry.statuses:
        declared = status.declaration
        rows.append(
            {
                "name": status.name,
                "origin": status.origin,
                "version": declared.version if declared else None,
                "kind": declared.kind.value if declared else None,
                "schemes": list(declared.schemes) if declared else [],
                "uris": list(declared.default_uris) if declared and status.driver else [],
                "running": status.driver is not None,
                "problem": status.problem,
                "notes": status.notes,
                "supports": _supports(status.driver) if status.driver else [],
            }
        )
    return rows


def _supports(driver: Any) -> list[str]:
    """The procedures of a driver and of those that it brings along."""
    found = set(contract.supported(driver))
    for other in getattr(driver, "brings", ()):
        found |= set(contract.supported(other))
    return sorted(found)


def events_report(hub: EventHub, since: int) -> dict[str, Any]:
    """The events after a number of this run, in the form in which a client with a callback -1 would have had them.

    What a client missed, because it did not read or was not connected, is here for as long as the hub keeps it.
    """
    last = hub.sequence
    events, complete = hub.since(since)
    rows = []
    for event in events:
        procedure = event_procedure(event.family, event.number, legacy=False)
        if procedure is not None and procedure.message is not None:
            decoded = procedure.message.decode(procedure.message.encode(message(procedure, -1, event)))
            rows.append({"sequence": event.sequence, "event": procedure.snake, **plain(decoded)})
    return {"last": max([last, *(event.sequence for event in events)]), "complete": complete, "events": rows}


def status_report(daemon: Daemon) -> dict[str, Any]:
    """The daemon now: clients, workers, calls in flight."""
    return {
        "pid": os.getpid(),
        "uptime": round(time.monotonic() - daemon.started, 3),
        "checking": daemon.checker.mode.value,
        "drivers": [declaration.name for declaration, _ in daemon.registry.running()],
        "servers": [_server_report(server) for server in (daemon.server, daemon.admin)],
    }


def _server_report(server: Server) -> dict[str, Any]:
    ordinary, urgent = server.workers.status()
    clients, anonymous = server.counts()
    return {
        "name": server.name,
        "clients": clients,
        "anonymous": anonymous,
        "workers": ordinary._asdict(),
        "priority_workers": urgent._asdict(),
        "in_flight": [
            {"client": client.id, "process": client.identity.process, "api": api, "seconds": round(seconds, 3)}
            for client in server.clients()
            for api, seconds in getattr(client.session, "running", list)()
        ],
    }
