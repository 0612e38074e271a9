"""The commands that ask a daemon: its URIs, drivers and status, its domains, any procedure."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from virtloom.cli import show
from virtloom.client.connection import Connection, connect
from virtloom.daemon.places import Places
from virtloom.errors import ErrorCode, VirtError
from virtloom.wire import admin
from virtloom.wire.as_json import plain, typed
from virtloom.wire.own import PROGRAM as OWN

STATES = ("no state", "running", "idle", "paused", "in shutdown", "shut off", "crashed", "pmsuspended")
ACTIVE, INACTIVE = 1, 2  # of virConnectListAllDomainsFlags


def add_commands(commands: Any) -> None:
    """Add the commands of this file."""
    uri = commands.add_parser("uri", help="print the URIs that reach the daemon")
    uri.set_defaults(run=print_uris)
    for name, help_, run in (
        ("drivers", "what is loaded, what failed and why, and what each driver supports", print_drivers),
        ("status", "clients, workers and calls in flight", print_status),
    ):
        command = commands.add_parser(name, help=help_)
        command.add_argument("--json", action="store_true", help="print JSON")
        command.add_argument("--verbose", "-v", action="store_true", help="print everything")
        command.set_defaults(run=run)
        if name == "drivers":
            command.add_argument("--reload", action="store_true", help="first load what was installed since the start")
    events = commands.add_parser("events", help="the last events of this run of the daemon, also those nobody read")
    events.add_argument("--since", type=int, default=0, metavar="N", help="only those after event number N")
    events.add_argument("--json", action="store_true", help="print JSON")
    events.set_defaults(run=print_events)
    listing = commands.add_parser("list", help="list domains")
    listing.add_argument("--all", action="store_true", help="those that do not run as well")
    listing.add_argument("--json", action="store_true", help="print JSON")
    listing.set_defaults(run=print_domains)
    call = commands.add_parser("call", help="call any procedure of the protocol")
    call.add_argument("procedure", help="its name, such as domain_lookup_by_name")
    call.add_argument("arguments", nargs="?", default="{}", help='its arguments as JSON, such as \'{"name": "test"}\'')
    call.set_defaults(run=print_call)


def places(options: argparse.Namespace) -> Places:
    """Where the daemon that is meant keeps its things."""
    return Places.below(options.root) if options.root else Places.default()


@contextmanager
def _explaining(other: str) -> Iterator[None]:
    """Say what to do about answers of a daemon that was asked at a wrong socket, or is of another version.

    :param other: what the socket should be.
    """
    try:
        yield
    except VirtError as error:
        if error.code is ErrorCode.RPC and "Cannot find program" in error.message:
            error.hint = f"--socket takes {other} for this command"
        elif error.code is ErrorCode.RPC and "unknown procedure" in error.message:
            error.hint = "the daemon is of another version than this command; restart it"
        raise


def opened(options: argparse.Namespace) -> Connection:
    """A connection to the daemon that is meant."""
    with _explaining("the daemon's socket, such as /run/virtloom/virtloom-sock,"):
        return connect(options.connect, path=options.socket or places(options).socket)


def report(options: argparse.Namespace, name: str, *args: Any) -> Any:
    """One of the daemon's reports about itself, over its administration socket."""
    path = options.socket or places(options).admin_socket
    administration = "the administration socket, such as /run/virtloom/virtloom-admin-sock,"
    with _explaining(administration), Connection(path, (admin.PROGRAM, OWN)) as connection:
        connection.call("connect_open", 0)
        return json.loads(connection.call(name, *args).json)


def ask_driver(options: argparse.Namespace, driver: str, call: str, /, **arguments: Any) -> Any:
    """What a running driver answers to a call of its own administration."""
    return report(options, "call_driver", driver, call, json.dumps(arguments))


def print_uris(options: argparse.Namespace) -> None:
    """The URIs of all drivers, as libvirt's clients want them."""
    path = options.socket or places(options).socket
    for driver in report(options, "get_drivers"):
        for uri in driver["uris"]:
            scheme, rest = uri.split(":", 1)
            print(f"{scheme}+unix:{rest}?socket={path}")


def print_drivers(options: argparse.Namespace) -> None:
    """What is loaded, what failed and why."""
    rows = report(options, "reload_drivers" if options.reload else "get_drivers")
    if options.json:
        print(json.dumps(rows, indent=2))
        return
    show.table(
        ("driver", "version", "kind", "schemes", "state", "calls", "from"),
        [
            (r["name"], r["version"] or "", r["kind"] or "", " ".join(r["schemes"]),
             "running" if r["running"] else "failed", str(len(r["supports"])), r["origin"])
            for r in rows
        ],
    )  # fmt: skip
    for row in rows:
        for told in [row["problem"], *row["notes"]]:
            if told:
                print(f"{row['name']}: {told}")
        if options.verbose and row["supports"]:
            print(f"\n{row['name']} supports:")
            for name in row["supports"]:
                print(f"  {name}")


def print_events(options: argparse.Namespace) -> None:
    """What happened since an event's number, oldest first."""
    if options.since < 0:
        raise VirtError(ErrorCode.INVALID_ARG, f"--since takes the number of an event, not {options.since}")
    found = report(options, "get_events", options.since)
    if options.json:
        print(json.dumps(found, indent=2))
        return
    if not found["complete"]:
        print("events before these are no longer kept")
    for event in found["events"]:
        said = {key: value for key, value in event.items() if key not in ("sequence", "event", "callbackID")}
        print(f"{event['sequence']}: {event['event']} {json.dumps(said.get('msg', said))}")


def print_status(options: argparse.Namespace) -> None:
    """Clients, workers and calls in flight."""
    status = report(options, "get_status")
    if options.json:
        print(json.dumps(status, indent=2))
        return
    print(f"virtloomd {status['pid']}, up {status['uptime']:.0f} s, lock checking {status['checking']}")
    show.table(
        ("server", "clients", "anonymous", "workers", "idle", "queued", "waiting", "priority"),
        [
            (s["name"], *(str(n) for n in (
                s["clients"], s["anonymous"], s["workers"]["threads"], s["workers"]["idle"], s["workers"]["queued"],
                s["workers"]["waiting"], s["priority_workers"]["threads"],
            )))
            for s in status["servers"]
        ],
    )  # fmt: skip
    calls = [call for server in status["servers"] for call in server["in_flight"]]
    if calls:
        show.table(
            ("client", "process", "call", "seconds"),
            [(str(c["client"]), c["process"], c["api"], f"{c['seconds']:.3f}") for c in calls],
        )


def print_domains(options: argparse.Namespace) -> None:
    """The domains, as `virsh list` shows them."""
    with opened(options) as connection:
        flags = ACTIVE | INACTIVE if options.all else ACTIVE
        domains = connection.connect_list_all_domains(1, flags).domains
        rows = [(dom, connection.domain_get_state(dom, 0).state) for dom in domains]
    if options.json:
        print(json.dumps([{**plain(dom), "state": _state(state)} for dom, state in rows], indent=2))
        return
    shown = [(str(dom.id) if dom.id >= 0 else "-", dom.name, _state(state)) for dom, state in rows]
    show.table(("id", "name", "state"), shown)


def _state(number: int) -> str:
    return STATES[number] if 0 <= number < len(STATES) else "no state"


def print_call(options: argparse.Namespace) -> None:
    """Any procedure's result, as JSON."""
    try:
        given = json.loads(options.arguments)
    except json.JSONDecodeError as error:
        raise VirtError(ErrorCode.INVALID_ARG, f"the arguments are no JSON: {error}") from error
    with opened(options) as connection:
        _, procedure = connection.find(options.procedure)
        names = () if procedure.args is None else procedure.args.field_names
        if not isinstance(given, dict) or set(given) != set(names):
            wanted = ", ".join(f'"{name}"' for name in names)
            raise VirtError(ErrorCode.INVALID_ARG, f"{options.procedure} takes an object with {wanted or 'no members'}")
        args = () if procedure.args is None else typed(procedure.args, given)
        print(json.dumps(plain(connection.call(options.procedure, *args)), indent=2))
