"""The interfaces of a definition, made on the host for one run of a container."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from uuid import UUID

from virtloom.driver.links import names as link_names
from virtloom.driver.links.bridges import require_bridge
from virtloom.driver.links.netlink import exists
from virtloom.driver.links.networks import Networks
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef import chance
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Interface, Target
from virtloom.xmldef.network.port import Plug
from virtloom_lxc.container.devices import interface_of
from virtloom_lxc.container.journal import Journal
from virtloom_lxc.links import host
from virtloom_lxc.links.inside import Inside


class Made(NamedTuple):
    """One interface of a run.

    :ivar interface: its definition for as long as it runs; :ivar inside: the container's end.
    :ivar host: the host's end, or the whole device for a direct one; what is removed afterwards.
    """

    interface: Interface
    inside: Inside
    host: str


def names(interfaces: tuple[Interface, ...]) -> Iterator[str]:
    """What each is called inside: as it says, or eth0 and so on, counted over those that do not."""
    number = 0
    for one in interfaces:
        given = one.guest.get("dev") if one.guest is not None else None
        yield given or f"eth{number}"
        number += not given


def check(domain: Domain, networks: Networks) -> None:
    """Refuse interfaces that cannot be made, before anything is.

    :raises VirtError: CONFIG_UNSUPPORTED for a kind that containers have not, SYSTEM_ERROR for a bridge that is not
        there, and what the network's driver says.
    """
    for one in domain.parts.interfaces:
        check_interface(one, networks)
    for device in domain.parts.hostdevs:
        name = interface_of(device)
        if name is not None and not exists(name):
            detail = f"cannot find network device '{name}'"
            raise VirtError(ErrorCode.SYSTEM_ERROR, f"{detail}: No such device", ErrorDomain.LXC)


def check_interface(one: Interface, networks: Networks) -> None:
    """Refuse one interface that cannot be made; see `check`."""
    if one.script is not None:
        raise _unsupported("scripts are not supported on LXC network interfaces")
    source = _named(one)
    if source is not None and one.type == "network":
        networks.require(source)
    elif source is not None:
        require_bridge(source)
    named = target_of(one)
    if named is not None and exists(named):
        raise VirtError(ErrorCode.OPERATION_FAILED, f"the interface '{named}' exists on the host already")
    if one.type == "direct" and one.virtualport is not None:
        raise _unsupported("Unable to set port profile on direct interfaces")
    if one.type == "direct" and one.bandwidth is not None:
        raise _unsupported("Unable to set network bandwidth on direct interfaces")


def _named(one: Interface) -> str | None:
    """The bridge or network that an interface names; None for a kind without.

    :raises VirtError: INTERNAL_ERROR for a kind that containers have not.
    """
    if one.type in ("ethernet", "direct"):
        return None
    source = one.source.get(one.type) if one.source is not None else None
    if one.type not in ("bridge", "network"):
        raise VirtError(ErrorCode.INTERNAL_ERROR, f"Unsupported network type {one.type}", ErrorDomain.LXC)
    if not source:
        raise VirtError(ErrorCode.INTERNAL_ERROR, "No bridge name specified", ErrorDomain.LXC)
    return source


def target_of(one: Interface) -> str | None:
    """The name that a definition wants for the host's end; names that the daemon makes up do not count."""
    return link_names.wanted(one.target.dev if one.target is not None else None)


def make(one: Interface, name: str, domain: Domain, networks: Networks, journal: Journal) -> Made:
    """Make one interface.

    :param name: what it is called inside; :param domain: whose it is; :param journal: is told before anything is made.
    :raises VirtError: what the kernel or the network refuses; then nothing was made.
    """
    if one.type != "network":
        source = one.source or Node("source")
        plug = Plug(type=one.type, bridge=_named(one), dev=source.get("dev"), mode=source.get("mode"))
        return _made(one, name, plug, journal)
    network, uuid = _named(one) or "", chance.uuid().bytes
    journal.port(network, uuid)
    try:
        place = networks.plug(domain, one, uuid).plug
        assert place is not None
        shown = {"portid": str(UUID(bytes=uuid)), "bridge": place.bridge, "dev": place.dev, "mode": place.mode}
        source = Node("source", {**(one.source or Node("source")).attrs, **{k: v for k, v in shown.items() if v}})
        return _made(one.replace(source=source), name, place, journal)
    except BaseException:
        networks.release(network, uuid)
        raise


def _made(one: Interface, name: str, plug: Plug, journal: Journal) -> Made:
    """An interface that is plugged into what its definition or its network says."""
    mac = (one.mac.address if one.mac is not None else None) or ""

    def announce(end: str, peer: str) -> None:
        journal.link(end, peer, mac)

    if plug.type == "hostdev-pci":
        raise _unsupported("a container cannot have a PCI device of a network's")
    target = one.target or Target()
    if plug.type == "direct":
        outer = inner = host.make_macvlan(plug.dev or "", plug.mode or "vepa", mac, announce)
    else:
        mtu = one.mtu.get("size") if one.mtu is not None else None
        outer, inner = host.make_pair(target_of(one), mac, announce, mtu=int(mtu) if mtu else None, bridge=plug.bridge)
        target = target.replace(dev=outer)
    shown = one.replace(target=target, guest=Node("guest", {"dev": name, "actual": inner}))
    return Made(shown, Inside.of(inner, name, one.link, one.ip, one.route), outer)


def release(one: Interface, networks: Networks) -> None:
    """Give the port of an interface back, if it has one.

    :raises VirtError: what the network's driver cannot do.
    """
    port = one.source.get("portid") if one.source is not None and one.type == "network" else None
    if port is not None:
        networks.release(_named(one) or "", UUID(port).bytes)


def passed(domain: Domain) -> Iterator[Inside]:
    """The host's own interfaces that a container is given."""
    for device in domain.parts.hostdevs:
        name = interface_of(device)
        if name is not None:
            yield Inside.of(name, name, None, device.ip, device.route)


def _unsupported(detail: str) -> VirtError:
    return VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.LXC)
