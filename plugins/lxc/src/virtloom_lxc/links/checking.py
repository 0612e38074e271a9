"""Interfaces that cannot be made are refused before anything is."""

from __future__ import annotations

from virtloom.driver.links import names
from virtloom.driver.links.bridges import require_bridge
from virtloom.driver.links.netlink import exists
from virtloom.driver.links.networks import Networks
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Interface
from virtloom_lxc.container.devices import interface_of

TYPES = ("bridge", "network", "ethernet", "direct")


def check(domain: Domain, networks: Networks) -> None:
    """Refuse interfaces of a definition.

    :raises VirtError: CONFIG_UNSUPPORTED for what containers have not, SYSTEM_ERROR for a link that is not there, and
        what the network's driver says.
    """
    for one in domain.parts.interfaces:
        check_interface(one, networks)
    for device in domain.parts.hostdevs:
        name = interface_of(device)
        if name is not None:
            require_link(name, f"cannot find network device '{name}'")


def check_interface(one: Interface, networks: Networks) -> None:
    """Refuse one interface that cannot be made; see `check`."""
    if one.script is not None:
        raise unsupported("scripts are not supported on LXC network interfaces")
    if one.filterref is not None:
        raise unsupported(f"interface {mac_of(one)} - network filters are not supported for containers")
    source = source_of(one)
    if source is not None and one.type == "network":
        networks.require(source)
    elif source is not None:
        require_bridge(source)
    named = wanted_name(one)
    if named is not None and exists(named):
        raise VirtError(ErrorCode.OPERATION_FAILED, f"the interface '{named}' exists on the host already")
    if one.type == "direct":
        below = below_of(one)
        require_link(below, f"Unable to get index for interface {below}")
    if one.type != "network":
        check_plugged(one, has_vlan=one.vlan is not None, has_bandwidth=one.bandwidth is not None)


def check_plugged(one: Interface, *, has_vlan: bool, has_bandwidth: bool, kind: str = "") -> None:
    """Refuse what cannot be had where an interface is plugged in (`virDomainActualNetDefValidate`).

    :param kind: what that is, if a network said so: `direct` or another.
    :raises VirtError: CONFIG_UNSUPPORTED.
    """
    if has_vlan:
        raise unsupported(f"interface {mac_of(one)} - vlan tag not supported for this connection type")
    if (kind or one.type) == "direct":
        if has_bandwidth:
            raise unsupported("Unable to set network bandwidth on direct interfaces")
        if one.virtualport is not None:
            raise unsupported("Unable to set port profile on direct interfaces")
    elif one.virtualport is not None and one.type != "network":
        raise unsupported(f"interface {mac_of(one)} - virtual ports are not supported for containers")


def require_link(name: str, detail: str) -> None:
    """Refuse a link of the host that is not there.

    :raises VirtError: SYSTEM_ERROR.
    """
    if not exists(name):
        raise VirtError(ErrorCode.SYSTEM_ERROR, f"{detail}: No such device", ErrorDomain.LXC, int1=19)


def source_of(one: Interface) -> str | None:
    """The bridge or network that an interface names; None for a kind without.

    :raises VirtError: INTERNAL_ERROR for a kind that containers have not.
    """
    if one.type not in TYPES:
        raise VirtError(ErrorCode.INTERNAL_ERROR, f"Unsupported network type {one.type}", ErrorDomain.LXC)
    if one.type in ("ethernet", "direct"):
        return None
    source = one.source.get(one.type) if one.source is not None else None
    if not source:
        raise VirtError(ErrorCode.INTERNAL_ERROR, "No bridge name specified", ErrorDomain.LXC)
    return source


def below_of(one: Interface) -> str:
    """The link of the host that a direct interface stands on."""
    return (one.source.get("dev") if one.source is not None else None) or ""


def is_direct(one: Interface) -> bool:
    """Whether an interface of a container that runs is a link of its own, of which the host has no end.

    One on a network is, if the network plugged it into a link of the host rather than into a bridge.
    """
    on_link = one.source is not None and one.source.get("dev") is not None and one.source.get("bridge") is None
    return one.type == "direct" or (one.type == "network" and on_link)


def wanted_name(one: Interface) -> str | None:
    """The name that a definition wants for the host's end; names that the daemon makes up do not count."""
    return names.wanted(one.target.dev if one.target is not None else None)


def mac_of(one: Interface) -> str:
    """The MAC address."""
    return (one.mac.address if one.mac is not None else None) or ""


def unsupported(detail: str) -> VirtError:
    """The error for what containers have not."""
    return VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.LXC)
