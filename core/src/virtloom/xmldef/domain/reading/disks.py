"""Disks: where images are, and what is behind them (`virDomainStorageSourceParse`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.checks.refusal import malformed, unsupported

TRANSPORTS = ("tcp", "unix", "rdma")
PORT_MAX = 65535


def _storage(detail: str, code: ErrorCode = ErrorCode.XML_ERROR) -> VirtError:
    return VirtError(code, detail, ErrorDomain.STORAGE)


def _chain(disk: Node) -> Iterator[tuple[str, Node, Node | None]]:
    """Each image: its type, what holds it, and its source."""
    holder: Node | None = disk
    while holder is not None and (holder is disk or holder.get("type") is not None):
        yield holder.get("type") or "file", holder, holder.find("source")
        holder = holder.find("backingStore")


def _backing(disk: Node) -> None:
    for _, holder, source in _chain(disk):
        if holder is disk:
            continue
        if not holder.value("format", "type"):
            raise malformed("missing disk backing store format")
        if source is None:
            raise malformed("missing disk backing store source")


def _places(disk: Node) -> None:
    for kind, holder, source in _chain(disk):
        if source is None:
            continue
        if kind == "network":
            _servers(source)
        if kind == "vhostuser":
            _vhost_user(source)
        _reservations(source)
        for part in (holder, source):
            _secrets(part)


def _servers(source: Node) -> None:
    for host in source.all("host"):
        transport = host.get("transport")
        if transport not in (None, *TRANSPORTS):
            raise unsupported(f"unknown protocol transport type '{transport}'")
        if transport == "unix" and host.get("socket") is None:
            raise malformed("missing socket for unix transport")
        if transport != "unix" and host.get("socket") is not None:
            raise malformed(f"transport '{transport or '(null)'}' does not support socket attribute")
        if transport != "unix" and host.get("name") is None:
            raise malformed("missing name for host")
        _port(host.get("port"))
    names: set[str | None] = set()
    for cookie in (one for holder in source.all("cookies") for one in holder.all("cookie")):
        if not cookie.get("name"):
            raise malformed("missing cookie name")
        if cookie.get("name") in names:
            raise _storage(f"duplicate cookie '{cookie.get('name')}'")
        names.add(cookie.get("name"))


def _port(text: str | None) -> None:
    if text is None:
        return
    if not (text.isascii() and text.isdigit()):
        raise VirtError(ErrorCode.INVALID_ARG, f"failed to parse port number '{text}'", ErrorDomain.NONE)
    if int(text) > PORT_MAX:
        raise VirtError(ErrorCode.INVALID_ARG, f"port '{text}' out of range", ErrorDomain.NONE)


def _vhost_user(source: Node) -> None:
    if source.get("type") is None:
        raise malformed("missing 'type' attribute for vhostuser disk source")
    if source.get("type") != "unix":
        raise malformed("invalid 'type' attribute for vhostuser disk source")
    if source.get("path") is None:
        raise malformed("missing 'path' attribute for vhostuser disk source")


def _reservations(source: Node) -> None:
    """Who asks for persistent reservations (`virStoragePRDefParseXML`)."""
    node = source.find("reservations")
    if node is None:
        return
    kind, path, mode = (node.value("source", name) for name in ("type", "path", "mode"))
    if node.get("managed") == "no" or kind or path or mode:
        for value, what in ((kind, "connection type"), (path, "path"), (mode, "connection mode")):
            if not value:
                raise _storage(f"missing {what} for <reservations/>")
    if kind and kind != "unix":
        raise _storage(f"unsupported connection type for <reservations/>: {kind}")
    if mode and mode != "client":
        raise _storage(f"unsupported connection mode for <reservations/>: {mode}")


def _secrets(holder: Node) -> None:
    """Who a server knows, and what an image is encrypted with."""
    auth = holder.find("auth")
    if auth is not None and auth.find("secret") is None:
        raise _storage("Missing <secret> element in auth")
    encryption = holder.find("encryption")
    for secret in () if encryption is None else encryption.all("secret"):
        if secret.get("type") != "passphrase":
            detail = f"unknown volume encryption secret type {secret.get('type') or '(null)'}"
            raise _storage(detail, ErrorCode.CONFIG_UNSUPPORTED)
        uuid = secret.get("uuid")
        if uuid is not None and not _is_uuid(uuid):
            raise VirtError(ErrorCode.XML_ERROR, f"invalid secret uuid '{uuid}'", ErrorDomain.NONE)


def _is_uuid(text: str) -> bool:
    digits = text.replace("-", "").strip()
    return len(digits) == 32 and all(digit in "0123456789abcdefABCDEF" for digit in digits)


STEPS: tuple[Callable[[Node], None], ...] = (_backing, _places)
