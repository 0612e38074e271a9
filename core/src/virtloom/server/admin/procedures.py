"""The admin program's procedures, as a table over the daemon's servers (libvirt: `virAdm*`)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from virtloom.api.builtin import LIB_VERSION
from virtloom.errors import ErrorCode, ErrorDomain, VirtError

if TYPE_CHECKING:
    from virtloom.server.admin.session import AdminSession
    from virtloom.server.clients.client import Client
    from virtloom.server.server import Server

Values = tuple[Any, ...]

# virTypedParameterType, as far as this program uses it.
INT, UINT, BOOLEAN, STRING = 1, 2, 6, 7
TYPE_NAMES = {1: "int", 2: "uint", 3: "llong", 4: "ullong", 5: "double", 6: "boolean", 7: "string"}

TRANSPORT_UNIX = 0  # virClientTransport

# libvirt's names (VIR_THREADPOOL_*, VIR_SERVER_CLIENTS_*) of our limits that can be set.
THREADPOOL_LIMITS = {"minWorkers": "min_workers", "maxWorkers": "max_workers", "prioWorkers": "prio_workers"}
CLIENT_LIMITS = {"nclients_max": "max_clients", "nclients_unauth_max": "max_anonymous_clients"}


def _check_flags(flags: int, function: str) -> None:
    if flags:
        detail = f"flags in {function} must be 0"
        raise VirtError(ErrorCode.INVALID_ARG, f"unsupported flags (0x{flags:x}) in function {function}", str1=detail)


def _param(name: str, kind: int, value: Any) -> Values:
    return name, (kind, value)


def connect_open(session: AdminSession, flags: int) -> None:
    """Nothing is to be opened."""
    _check_flags(flags, "adminDispatchConnectOpen")


def connect_close(session: AdminSession) -> None:
    """The client goes."""
    session.port.close_after_reply()


def connect_get_lib_version(session: AdminSession) -> Values:
    """The libvirt release whose behaviour this daemon has."""
    return (LIB_VERSION,)


def connect_list_servers(session: AdminSession, wanted: int, flags: int) -> Values:
    """The servers' names."""
    _check_flags(flags, "adminConnectListServers")
    names = [(server.name,) for server in session.servers]
    return names if wanted else [], len(names)


def connect_lookup_server(session: AdminSession, name: str, flags: int) -> Values:
    """One server."""
    return ((session.server(name).name,),)


def server_get_threadpool_parameters(session: AdminSession, named: Values, flags: int) -> Values:
    """The workers now."""
    _check_flags(flags, "adminServerGetThreadPoolParameters")
    ordinary, urgent = session.server(named[0]).workers.status()
    values = {
        "minWorkers": ordinary.minimum,
        "maxWorkers": ordinary.maximum,
        "nWorkers": ordinary.threads,
        "freeWorkers": ordinary.idle,
        "prioWorkers": urgent.threads,
        "jobQueueDepth": ordinary.queued + urgent.queued,
    }
    return ([_param(name, UINT, value) for name, value in values.items()],)


def server_set_threadpool_parameters(session: AdminSession, named: Values, params: Sequence[Any], flags: int) -> None:
    """Other numbers of workers."""
    _check_flags(flags, "adminServerSetThreadPoolParameters")
    _set_limits(session.server(named[0]), params, THREADPOOL_LIMITS)


def server_get_client_limits(session: AdminSession, named: Values, flags: int) -> Values:
    """How many clients there may be, and are."""
    _check_flags(flags, "adminServerGetClientLimits")
    server = session.server(named[0])
    clients, anonymous = server.counts()
    values = {
        "nclients_max": server.limits.max_clients,
        "nclients": clients,
        "nclients_unauth_max": server.limits.max_anonymous_clients,
        "nclients_unauth": anonymous,
    }
    return ([_param(name, UINT, value) for name, value in values.items()],)


def server_set_client_limits(session: AdminSession, named: Values, params: Sequence[Any], flags: int) -> None:
    """Other numbers of clients."""
    _check_flags(flags, "adminServerSetClientLimits")
    _set_limits(session.server(named[0]), params, CLIENT_LIMITS)


def _set_limits(server: Server, params: Sequence[Any], names: Mapping[str, str]) -> None:
    changes: dict[str, int] = {}
    for field, (kind, value) in params:
        if field not in names:
            raise VirtError(ErrorCode.ARGUMENT_UNSUPPORTED, f"parameter '{field}' not supported", ErrorDomain.NONE)
        if names[field] in changes:
            raise VirtError(ErrorCode.INVALID_ARG, f"parameter '{field}' occurs multiple times", ErrorDomain.NONE)
        if kind != UINT:
            detail = f"invalid type '{TYPE_NAMES[kind]}' for parameter '{field}', expected 'uint'"
            raise VirtError(ErrorCode.INVALID_ARG, detail, ErrorDomain.NONE)
        changes[names[field]] = value
    server.reload(dataclasses.replace(server.limits, **changes))


def _client(server: Server, client: Client) -> Values:
    return (server.name,), client.id, int(client.connected_at), TRANSPORT_UNIX


def server_list_clients(session: AdminSession, named: Values, wanted: int, flags: int) -> Values:
    """The clients of a server."""
    _check_flags(flags, "adminServerListClients")
    server = session.server(named[0])
    clients = [_client(server, client) for client in server.clients()]
    return clients if wanted else [], len(clients)


def server_lookup_client(session: AdminSession, named: Values, number: int, flags: int) -> Values:
    """One client."""
    _check_flags(flags, "adminServerLookupClient")
    server = session.server(named[0])
    return (_client(server, server.client(number)),)


def client_get_info(session: AdminSession, which: Any, flags: int) -> Values:
    """Who a client is."""
    _check_flags(flags, "adminClientGetInfo")
    client = session.server(which.srv.name).client(which.id)
    who = client.identity
    told = [
        ("readonly", BOOLEAN, int(client.readonly)),
        ("unix_user_id", INT, who.uid),
        ("unix_user_name", STRING, who.user or None),
        ("unix_group_id", INT, who.gid),
        ("unix_group_name", STRING, who.group or None),
        ("unix_process_id", INT, who.pid),
    ]
    return ([_param(name, kind, value) for name, kind, value in told if value is not None],)


def client_close(session: AdminSession, which: Any, flags: int) -> None:
    """Disconnect a client at once."""
    _check_flags(flags, "adminClientClose")
    session.server(which.srv.name).client(which.id).kill("the administrator disconnected it")


def connect_get_logging_outputs(session: AdminSession, flags: int) -> Values:
    """Where the log goes."""
    _check_flags(flags, "adminConnectGetLoggingOutputs")
    outputs = session.control.log_outputs()
    return " ".join(outputs), len(outputs)


def connect_get_logging_filters(session: AdminSession, flags: int) -> Values:
    """The log's filters; no string at all if there is none."""
    _check_flags(flags, "adminConnectGetLoggingFilters")
    filters = session.control.log_filters()
    return " ".join(filters) or None, len(filters)


def connect_set_logging_outputs(session: AdminSession, outputs: str | None, flags: int) -> None:
    """Send the log elsewhere."""
    _check_flags(flags, "adminConnectSetLoggingOutputs")
    session.control.set_log_outputs((outputs or "").split())


def connect_set_logging_filters(session: AdminSession, filters: str | None, flags: int) -> None:
    """Replace the log's filters."""
    _check_flags(flags, "adminConnectSetLoggingFilters")
    session.control.set_log_filters((filters or "").split())


def server_update_tls_files(session: AdminSession, named: Values, flags: int) -> None:
    """There is no TLS listener here whose files could be read again."""
    _check_flags(flags, "adminServerUpdateTlsFiles")
    session.server(named[0])
    raise VirtError(ErrorCode.INTERNAL_ERROR, "no tls service found, unable to update tls files", ErrorDomain.RPC)


def connect_set_daemon_timeout(session: AdminSession, timeout: int, flags: int) -> None:
    """End the daemon when it had no client for so many seconds."""
    _check_flags(flags, "adminConnectSetDaemonTimeout")
    session.control.set_timeout(timeout)


def connect_daemon_shutdown(session: AdminSession, flags: int) -> None:
    """End the daemon."""
    _check_flags(flags, "adminConnectDaemonShutdown")
    session.control.shut_down()


PROCEDURES: dict[str, Callable[..., Values | None]] = {
    function.__name__: function
    for function in (
        connect_open,
        connect_close,
        connect_get_lib_version,
        connect_list_servers,
        connect_lookup_server,
        server_get_threadpool_parameters,
        server_set_threadpool_parameters,
        server_list_clients,
        server_lookup_client,
        client_get_info,
        client_close,
        server_get_client_limits,
        server_set_client_limits,
        connect_get_logging_outputs,
        connect_get_logging_filters,
        connect_set_logging_outputs,
        connect_set_logging_filters,
        server_update_tls_files,
        connect_set_daemon_timeout,
        connect_daemon_shutdown,
    )
}
