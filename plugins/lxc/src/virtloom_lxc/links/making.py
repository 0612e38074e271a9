"""The interfaces of a definition, made on the host for one run of a container."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Interface, Target
from virtloom_lxc.container.devices import interface_of
from virtloom_lxc.links import host
from virtloom_lxc.links.inside import Inside

FindBridge = Callable[[str], str]


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


def check(domain: Domain, find_bridge: FindBridge) -> None:
    """Refuse interfaces that cannot be made, before anything is.

    :raises VirtError: CONFIG_UNSUPPORTED for a kind that containers have not, SYSTEM_ERROR for a bridge that is not
        there, and what the network's driver says.
    """
    for one in domain.parts.interfaces:
        check_interface(one, find_bridge)
    for device in domain.parts.hostdevs:
        name = interface_of(device)
        if name is not None and not host.exists(name):
            detail = f"cannot find network device '{name}'"
            raise VirtError(ErrorCode.SYSTEM_ERROR, f"{detail}: No such device", ErrorDomain.LXC)


def check_interface(one: Interface, find_bridge: FindBridge) -> None:
    """Refuse one interface that cannot be made; see `check`."""
    if one.script is not None:
        raise _unsupported("scripts are not supported on LXC network interfaces")
    bridge = bridge_of(one, find_bridge)
    if bridge is not None:
        host.require_bridge(bridge)
    named = target_of(one)
    if named is not None and host.exists(named):
        raise VirtError(ErrorCode.OPERATION_FAILED, f"the interface '{named}' exists on the host already")
    if one.type == "direct" and one.virtualport is not None:
        raise _unsupported("Unable to set port profile on direct interfaces")
    if one.type == "direct" and one.bandwidth is not None:
        raise _unsupported("Unable to set network bandwidth on direct interfaces")


def bridge_of(one: Interface, find_bridge: FindBridge) -> str | None:
    """The bridge that an interface is put on; None for one without.

    :raises VirtError: INTERNAL_ERROR for a kind that containers have not.
    """
    if one.type in ("ethernet", "direct"):
        return None
    source = one.source.get(one.type) if one.source is not None else None
    if one.type not in ("bridge", "network"):
        raise VirtError(ErrorCode.INTERNAL_ERROR, f"Unsupported network type {one.type}", ErrorDomain.LXC)
    if not source:
        raise VirtError(ErrorCode.INTERNAL_ERROR, "No bridge name specified", ErrorDomain.LXC)
    return source if one.type == "bridge" else find_bridge(source)


def target_of(one: Interface) -> str | None:
    """The name that a definition wants for the host's end; names that the daemon makes up do not count."""
    given = one.target.dev if one.target is not None else None
    return None if given is None or given.startswith(host.PREFIX) else given


def make(one: Interface, name: str, find_bridge: FindBridge, announce: host.Announce) -> Made:
    """Make one interface.

    :param name: what it is called inside; :param announce: see `host.make_pair`.
    :raises VirtError: what the kernel refuses; then nothing was made.
    """
    mac = (one.mac.address if one.mac is not None else None) or ""
    if one.type == "direct":
        source = one.source or Node("source")
        device = host.make_macvlan(source.get("dev") or "", source.get("mode") or "vepa", mac, announce)
        outer = inner = device
    else:
        mtu = one.mtu.get("size") if one.mtu is not None else None
        bridge = bridge_of(one, find_bridge)
        outer, inner = host.make_pair(target_of(one), mac, announce, mtu=int(mtu) if mtu else None, bridge=bridge)
    target = one.target or Target()
    shown = one.replace(
        target=target if one.type == "direct" else target.replace(dev=outer),
        guest=Node("guest", {"dev": name, "actual": inner}),
    )
    return Made(shown, Inside.of(inner, name, one.link, one.ip, one.route), outer)


def passed(domain: Domain) -> Iterator[Inside]:
    """The host's own interfaces that a container is given."""
    for device in domain.parts.hostdevs:
        name = interface_of(device)
        if name is not None:
            yield Inside.of(name, name, None, device.ip, device.route)


def _unsupported(detail: str) -> VirtError:
    return VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.LXC)
