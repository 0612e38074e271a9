"""URIs as libvirt's clients write them: what is for the client, and what is for the daemon."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from virtloom.errors import ErrorCode, ErrorDomain, VirtError

# The parameters that libvirt's remote driver takes out of a query (remote_driver.c); the rest is the daemon's.
FOR_CLIENTS = frozenset(
    {
        "auth", "command", "keyfile", "known_hosts", "known_hosts_verify", "mode", "name", "netcat", "no_sanity",
        "no_tty", "no_verify", "pkipath", "proxy", "socket", "sshauth", "tls_priority",
    }
)  # fmt: skip


class Target(NamedTuple):
    """Where a URI leads.

    :ivar uri: what the daemon is asked to open.
    :ivar socket: the daemon's socket, if the URI names it.
    """

    uri: str
    socket: Path | None


def target(uri: str) -> Target:
    """Take a URI apart: `test+unix:///default?socket=PATH` opens `test:///default` through PATH.

    :raises VirtError: INVALID_ARG for what is no URI, or asks for a transport other than unix sockets.
    """
    if not uri:
        return Target("", None)
    try:
        parts = urlsplit(uri)
    except ValueError as error:
        raise VirtError(ErrorCode.INVALID_ARG, f"'{uri}' is no URI: {error}", ErrorDomain.REMOTE) from error
    scheme, _, transport = parts.scheme.partition("+")
    if transport not in ("", "unix"):
        detail = f"the transport '{transport}' of '{uri}' is not possible; this client has unix sockets only"
        raise VirtError(ErrorCode.INVALID_ARG, detail, ErrorDomain.REMOTE)
    query = parse_qsl(parts.query, keep_blank_values=True)
    params = dict(query)
    kept = urlencode([(name, value) for name, value in query if name not in FOR_CLIENTS])
    remote = params.get("name") or f"{scheme}://{parts.path}" + (f"?{kept}" if kept else "")
    return Target(remote, Path(params["socket"]) if params.get("socket") else None)
