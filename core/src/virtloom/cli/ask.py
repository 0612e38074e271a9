"""The commands that ask a daemon: its URIs, drivers and status, its domains, any procedure."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from virtloom.cli import show
from virtloom.client.connection import Connection, connect
from virtloom.daemon.own_program import PROGRAM as OWN
from virtloom.daemon.places import Places
from virtloom.errors import ErrorCode, VirtError
from virtloom.wire import admin
from virtloom.xdr import Bytes, Optional, Struct, Type

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


def opened(options: argparse.Namespace) -> Connection:
    """A connection to the daemon that is meant."""
    return connect(options.connect, path=options.socket or places(options).socket)


def report(options: argparse.Namespace, name: str) -> Any:
    """One of the daemon's reports about itself, over its administration socket."""
    path = options.socket or places(options).admin_socket
    with Connection(path, (admin.PROGRAM, OWN)) as connection:
        connection.call("connect_open", 0)
        return json.loads(connection.call(name).json)


def print_uris(options: argparse.Namespace) -> None:
    """The URIs of all drivers, as libvirt's clients want them."""
    path = options.socket or places(options).socket
    for driver in report(options, "get_drivers"):
        for uri in driver["uris"]:
            scheme, rest = uri.split(":", 1)
            print(f"{scheme}+unix:{rest}?socket={path}")


def print_drivers(options: argparse.Namespace) -> None:
    """What is loaded, what failed and why."""
    rows = report(options, "get_drivers")
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


def plain(value: Any) -> Any:
    """A decoded value as JSON has it: structs as objects, sixteen bytes as a uuid, other bytes in hex."""
    if hasattr(value, "_fields"):
        return {name: plain(getattr(value, name)) for name in value._fields}
    if isinstance(value, bytes):
        return str(UUID(bytes=value)) if len(value) == 16 else value.hex()
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value


def typed(of: Type, value: Any) -> Any:
    """What JSON has as the codec wants it: objects as tuples in the struct's order, uuids and hex as bytes.

    :raises VirtError: INVALID_ARG for what cannot be that.
    """
    if isinstance(of, Struct):
        if not isinstance(value, dict) or set(value) != set(of.field_names):
            raise VirtError(ErrorCode.INVALID_ARG, f"{of.name} is an object with {', '.join(of.field_names)}")
        return tuple(typed(field, value[name]) for name, field in of.fields)
    if isinstance(of, Optional):
        return None if value is None else typed(of.of, value)
    if isinstance(of, Bytes) and not of.text:
        return _bytes(of, value)
    if isinstance(value, Sequence) and not isinstance(value, str) and hasattr(of, "of"):
        return [typed(of.of, one) for one in value]
    return value


def _bytes(of: Bytes, value: Any) -> bytes:
    try:
        return UUID(value).bytes if of.size == 16 else bytes.fromhex(value)
    except (ValueError, TypeError, AttributeError):
        detail = f"{value!r} is no {'uuid' if of.size == 16 else 'text in hex'}"
        raise VirtError(ErrorCode.INVALID_ARG, detail) from None
