"""Interfaces (`virDomainNetDefValidate`)."""

from __future__ import annotations

from collections.abc import Callable

from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.checks.alone.common import positive, refuse, refuse_virtio_options
from virtloom.xmldef.domain.checks.refusal import internal, unsupported
from virtloom.xmldef.domain.definition import Domain


def _host_side(interface: Node, domain: Domain) -> None:
    """Addresses on the host are for what the host has to itself."""
    kind, source = interface.get("type"), interface.find("source")
    has_places = source is not None and (source.find("ip") is not None or source.find("route") is not None)
    if has_places and kind != "ethernet":
        raise unsupported(
            "Invalid attempt to set network interface host-side IP route and/or address info on interface of type "
            f"'{kind}'. This is only supported on interfaces of type 'ethernet'"
        )
    if interface.value("target", "managed") == "no" and kind != "ethernet":
        raise unsupported(f"unmanaged target dev is not supported on interfaces of type '{kind}'")


def _teaming(interface: Node, domain: Domain) -> None:
    team = interface.find("teaming")
    if team is None:
        return
    kind, persistent = team.get("type"), team.get("persistent")
    if kind == "transient" and not persistent:
        raise unsupported("teaming persistent attribute must be set if teaming type is 'transient'")
    if kind != "transient" and persistent:
        raise unsupported(f"teaming persistent attribute not allowed if teaming type is '{kind}'")


def _isolation(interface: Node, domain: Domain) -> None:
    """A port is isolated on a bridge of the host's (`virDomainNetDefValidatePortOptions`)."""
    if interface.value("port", "isolated") != "yes":
        return
    kind, port = interface.get("type"), interface.value("virtualport", "type")
    what = f"interface {interface.value('mac', 'address')} - <port isolated='yes'/> is not supported for network"
    if kind not in ("network", "bridge"):
        raise unsupported(f"{what} interfaces with type='{kind}'")
    if port is not None:
        raise unsupported(f"{what} interfaces with virtualport type='{port}'")


def _kind(interface: Node, domain: Domain) -> None:
    kind, passt = interface.get("type"), interface.value("backend", "type") == "passt"
    virtio = (interface.value("model", "type") or "").startswith("virtio")
    if not virtio:
        refuse_virtio_options(interface)
    if passt and kind != "user":
        raise internal("The 'passt' backend can only be used with interface type='user'")
    if kind == "vhostuser":
        _vhost_user(interface, virtio)
    if kind == "user" and passt:
        ranges = (one for forward in interface.all("portForward") for one in forward.all("range"))
        detail = "The 'range' of a 'portForward' requires 'start' attribute if 'end', 'to', or 'exclude' is specified"
        refuse(
            (not positive(one, "", "start") and {"end", "to", "exclude"} & one.attrs.keys(), detail) for one in ranges
        )


def _vhost_user(interface: Node, virtio: bool) -> None:
    if not virtio:
        raise internal(
            "Wrong or no <model> 'type' attribute specified with <interface type='vhostuser'/>. "
            "vhostuser requires the virtio-net* frontend"
        )
    source = interface.find("source")
    serves = source is not None and source.get("mode") == "server"
    if serves and source is not None and source.value("reconnect", "enabled") == "yes":
        raise unsupported("'reconnect' attribute unsupported 'server' mode for <interface type='vhostuser'>")


STEPS: tuple[Callable[[Node, Domain], None], ...] = (_host_side, _teaming, _isolation, _kind)
