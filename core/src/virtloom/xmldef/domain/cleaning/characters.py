"""Character devices and what else has their sources (`virDomainChrSourceDefParseXML`)."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node

# Which attributes of `<source>` each type writes, in order; a type that is not here keeps what it was given.
ATTRIBUTES = {
    "unix": ("mode", "path"),
    "tcp": ("mode", "host", "service", "tls"),
    "udp": ("mode", "host", "service"),
}
WITHOUT_SOURCE = ("null", "vc", "stdio", "spicevmc")


def channel_state(channel: Node) -> None:
    """Whether a program in the guest listens is for one run."""
    target = channel.find("target")
    if target is not None:
        target.attrs.pop("state", None)


def terminal(device: Node) -> None:
    """The terminal that a device was given is for one run."""
    device.attrs.pop("tty", None)
    if device.get("type") == "pty":
        device.children = [child for child in device.children if child.tag != "source"]


def sources(device: Node) -> None:
    """Sources say what they do, connecting or listening, and are no more than their type can have."""
    kind = device.get("type") or ""
    found = list(device.all("source"))
    _count(kind, len(found))
    if kind in ATTRIBUTES:
        for source in found:
            _reconnect(source)
            mode = source.get("mode") or "connect"
            attrs = {"mode": mode, **{name: source.get(name) for name in ATTRIBUTES[kind][1:]}}
            source.attrs = {name: value for name, value in attrs.items() if value is not None}
    kept = [source for source in found if _is_said(kind, source)]
    kept.sort(key=lambda source: kind == "udp" and source.get("mode") == "connect")
    kept += _protocol(kind, device)
    others = [child for child in device.children if child.tag not in ("source", "protocol")]
    device.children = kept + others


def _is_said(kind: str, source: Node) -> bool:
    if kind in WITHOUT_SOURCE:
        return False
    return kind != "unix" or "path" in source.attrs


def _count(kind: str, count: int) -> None:
    if count > 1 and kind != "udp":
        raise _refuse("only one source element is allowed for character device")
    if count > 2:
        raise _refuse("only two source elements are allowed for character device")


def _protocol(kind: str, device: Node) -> list[Node]:
    """How the bytes of a TCP connection are to be read; no other type has that."""
    found = list(device.all("protocol"))
    if kind != "tcp":
        return []
    return found or [Node("protocol", {"type": "raw"})]


def _reconnect(source: Node) -> None:
    for node in source.all("reconnect"):
        if node.get("enabled") == "yes" and node.get("timeout") is None:
            detail = "Missing required attribute 'timeout' in element 'reconnect'"
            raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.XML)


def bare_passthrough(card: Node) -> None:
    """Only a card of `passthrough` mode has a character device behind it."""
    if card.get("mode") != "passthrough":
        card.attrs.pop("type", None)


def rng_backend(rng: Node) -> None:
    """The daemon that entropy comes from is reached through a character device."""
    backend = rng.find("backend")
    if backend is not None and backend.get("model") == "egd":
        sources(backend)


def _refuse(detail: str) -> VirtError:
    return VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.DOMAIN)
