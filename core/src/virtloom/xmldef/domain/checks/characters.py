"""Where character devices get their bytes from (`virDomainChrSourceDefValidate`)."""

from __future__ import annotations

from collections.abc import Iterator

from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.checks.refusal import internal, unsupported
from virtloom.xmldef.domain.definition import Domain

# What the source of each type has to say.
REQUIRED = {
    "file": ("path",),
    "pipe": ("path",),
    "dev": ("path",),
    "unix": ("path",),
    "tcp": ("host", "service"),
    "udp": ("service",),
}


def character_sources(domain: Domain) -> None:
    """A source says what its type needs, and only who connects can connect again."""
    for kind, sources, may_lack in _all(domain):
        connecting = [one for one in sources if kind != "udp" or one.get("mode") != "bind"]
        attrs = connecting[0].attrs if connecting else {}
        for name in () if may_lack and kind == "unix" else REQUIRED.get(kind, ()):
            if name not in attrs:
                raise internal(f"Missing source {name} attribute for char device")
        if kind in ("tcp", "unix") and attrs.get("mode") == "bind" and _reconnects(connecting[0]):
            raise internal("chardev reconnect is possible only for connect mode")
        channel = attrs.get("channel")
        if kind in ("spiceport", "dbus") and not channel:
            raise unsupported("Missing source channel attribute for char device")


def _reconnects(source: Node) -> bool:
    reconnect = source.find("reconnect")
    return reconnect is not None and reconnect.get("enabled") is not None


def _all(domain: Domain) -> Iterator[tuple[str, list[Node], bool]]:
    """Every device with a source: its type, its sources, and whether libvirt makes up a path."""
    parts = domain.parts
    for device in (*parts.serials, *parts.parallels, *parts.consoles, *parts.channels):
        made_up = device.target is not None and device.target.type in ("virtio", "xen")
        yield device.type or "", list(device.source), made_up and device in parts.channels
    for node in (*parts.smartcards, *parts.redirdevs):
        yield node.get("type") or "", list(node.all("source")), False
    for rng in parts.rngs:
        backend = rng.find("backend")
        if backend is not None and backend.get("model") == "egd":
            yield backend.get("type") or "", list(backend.all("source")), False
