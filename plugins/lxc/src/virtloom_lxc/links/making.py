"""The interfaces of a definition, made on the host for one run of a container."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from uuid import UUID

from virtloom.driver.links.bandwidth import limit_guest
from virtloom.driver.links.networks import Networks, isolated
from virtloom.xmldef import chance
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Interface, Target
from virtloom.xmldef.network.bandwidth import read_bandwidth
from virtloom.xmldef.network.port import NetworkPort, Plug
from virtloom_lxc.container.devices import interface_of
from virtloom_lxc.container.journal import Journal
from virtloom_lxc.links import host
from virtloom_lxc.links.checking import check_plugged, mac_of, source_of, unsupported, wanted_name
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


def make(one: Interface, name: str, domain: Domain, networks: Networks, journal: Journal) -> Made:
    """Make one interface.

    :param name: what it is called inside; :param domain: whose it is; :param journal: is told before anything is made.
    :raises VirtError: what the kernel or the network refuses; then nothing was made.
    """
    if one.type != "network":
        source = one.source or Node("source")
        plug = Plug(type=one.type, bridge=source_of(one), dev=source.get("dev"), mode=source.get("mode"))
        limits = read_bandwidth(one.bandwidth)
        return _made(one, name, NetworkPort(plug=plug, bandwidth=limits, isolated=isolated(one)), journal)
    network, uuid = source_of(one) or "", chance.uuid().bytes
    journal.port(network, uuid)
    try:
        port = networks.plug(domain, one, uuid)
        place = port.plug
        assert place is not None
        check_plugged(one, has_vlan=port.vlan is not None, has_bandwidth=port.bandwidth is not None, kind=place.type)
        shown = {"portid": str(UUID(bytes=uuid)), "bridge": place.bridge, "dev": place.dev, "mode": place.mode}
        source = Node("source", {**(one.source or Node("source")).attrs, **{k: v for k, v in shown.items() if v}})
        return _made(one.replace(source=source), name, port, journal)
    except BaseException:
        networks.release(network, uuid)
        raise


def _made(one: Interface, name: str, port: NetworkPort, journal: Journal) -> Made:
    """An interface that is plugged into what its definition or its network says."""
    plug, mac = port.plug, mac_of(one)
    assert plug is not None

    def announce(end: str, peer: str) -> None:
        journal.link(end, peer, mac)

    if plug.type == "hostdev-pci":
        raise unsupported("a container cannot have a PCI device of a network's")
    if plug.type == "direct":
        outer = inner = host.make_macvlan(wanted_name(one), plug.dev or "", plug.mode or "vepa", mac, announce)
    else:
        outer, inner = _pair(one, port, announce)
    target = (one.target or Target()).replace(dev=outer)
    shown = one.replace(target=target, guest=Node("guest", {"dev": name}))
    return Made(shown, Inside.of(inner, name, one.link, one.ip, one.route), outer)


def _pair(one: Interface, port: NetworkPort, announce: host.Announce) -> tuple[str, str]:
    """A pair of links: the host's end on its bridge, with its limits and its own addresses."""
    assert port.plug is not None
    mtu = one.mtu.get("size") if one.mtu is not None else None
    wanted, bridge = wanted_name(one), port.plug.bridge
    outer, inner = host.make_pair(wanted, mac_of(one), announce, mtu=int(mtu) if mtu else None, bridge=bridge)
    try:
        if bridge is not None and port.isolated:
            host.isolate(outer)
        if port.bandwidth is not None:
            limit_guest(outer, port.bandwidth)
        if one.type == "ethernet" and one.source is not None:
            ends = Inside.of(outer, outer, None, tuple(one.source.all("ip")), tuple(one.source.all("route")))
            host.address(outer, ends)
    except BaseException:
        host.delete(outer)
        raise
    return outer, inner


def release(one: Interface, networks: Networks) -> None:
    """Give the port of an interface back, if it has one.

    :raises VirtError: what the network's driver cannot do.
    """
    port = one.source.get("portid") if one.source is not None and one.type == "network" else None
    if port is not None:
        networks.release(source_of(one) or "", UUID(port).bytes)


def passed(domain: Domain) -> Iterator[Inside]:
    """The host's own interfaces that a container is given."""
    for device in domain.parts.hostdevs:
        name = interface_of(device)
        if name is not None:
            yield Inside.of(name, name, None, device.ip, device.route)
