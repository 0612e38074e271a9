"""What the host's end of an interface gets once it is there: a place on a switch, limits, addresses, a script."""

from __future__ import annotations

from typing import Any

from virtloom.driver import DriverHost
from virtloom.driver.links.bandwidth import limit, limit_guest
from virtloom.driver.links.coalescing import set_coalescing
from virtloom.driver.links.netlink import index, netlink, telling
from virtloom.driver.links.openvswitch import OPENVSWITCH, add_port, remove_port
from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Interface
from virtloom.xmldef.network.bandwidth import read_bandwidth
from virtloom.xmldef.network.virtualport import VirtualPort, read_virtualport
from virtloom.xmldef.network.vlan import read_vlan
from virtloom_qemu.runs.given.plugged import port_type

SCRIPT_WITHIN = 30.0  # seconds that a script has
LLDPAD = "/var/run/lldpad.pid"  # whoever negotiates port profiles of IEEE 802.1Qbg


def finish(host: DriverHost, owner: Domain, one: Interface) -> None:
    """Have an interface's end be as its definition says.

    :param one: live, with the name of its end.
    :raises VirtError: what the kernel, the switch or the script refuses.
    """
    name = end_of(one)
    check_profile(one)
    if is_on_switch(one):
        join_switch(host, owner, one)
    if one.type == "ethernet":
        _address(name, one.source or Node("source"))
        run_script(host, one, one.script)
    frames = one.coalesce.value("rx/frames", "max") if one.coalesce is not None else None
    if frames is not None and one.type == "bridge":
        set_coalescing(name, int(frames))
    if one.bandwidth is not None:
        limit_interface(one)
    if one.filterref is not None:
        detail = f"referenced filter '{one.filterref.get('filter')}' is missing"
        raise VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.NWFILTER)


def undo(host: DriverHost, one: Interface) -> None:
    """Give back what `finish` made that does not go with the end.

    :raises VirtError: what the switch or the script refuses.
    """
    if one.type == "ethernet":
        run_script(host, one, one.downscript)
    if is_on_switch(one):
        remove_port(host.run, end_of(one))


def join_switch(host: DriverHost, owner: Domain, one: Interface) -> None:
    """Put an interface's end on its switch.

    :raises VirtError: INTERNAL_ERROR.
    """
    bridge = (one.source.get("bridge") if one.source is not None else None) or ""
    port, vlan = read_virtualport(one.virtualport) or VirtualPort(), read_vlan(one.vlan)
    mac = (one.mac.address if one.mac is not None else None) or ""
    add_port(host.run, bridge, end_of(one), mac=mac, guest=owner.uuid or bytes(16), port=port, vlan=vlan)


def check_profile(one: Interface) -> None:
    """Refuse a port profile that nobody here would negotiate.

    :raises VirtError: SYSTEM_ERROR.
    """
    if one.type == "direct" and port_type(one) in ("802.1Qbg", "802.1Qbh"):
        missing = FileNotFoundError(2, "No such file or directory")
        raise system_error(missing, f"Error opening file {LLDPAD}")


def is_on_switch(one: Interface) -> bool:
    """Whether an interface is on a bridge of Open vSwitch's."""
    return one.type == "bridge" and port_type(one) == OPENVSWITCH


def end_of(one: Interface) -> str:
    """The name of an interface's end on the host."""
    return (one.target.dev if one.target is not None else None) or ""


def limit_interface(one: Interface) -> None:
    """Have an interface's end on the host carry no more than it says.

    A tap sends what its guest receives; a macvtap is the guest's own end.

    :raises VirtError: what the kernel refuses; there is no limit then.
    """
    wanted = read_bandwidth(one.bandwidth)
    if one.type == "direct" and wanted is not None:
        limit(end_of(one), sent=wanted.outbound, received=wanted.inbound)
    else:
        limit_guest(end_of(one), wanted)


def run_script(host: DriverHost, one: Interface, script: Node | None) -> None:
    """Run a script of an interface's with the name of its end (`virNetDevRunEthernetScript`).

    :raises VirtError: OPERATION_FAILED if it fails.
    """
    path = script.get("path") if script is not None else None
    if path:
        host.run([path, end_of(one)], deadline=SCRIPT_WITHIN)


def _address(name: str, source: Node) -> None:
    """Give the host's end addresses and routes of its own (`virNetDevIPInfoAddToDev`)."""
    addresses, routes = list(source.all("ip")), list(source.all("route"))
    if not addresses and not routes:
        return
    with netlink() as route:
        place = index(route, name)
        for one in addresses:
            address = one.get("address") or ""
            prefix = int(one.get("prefix") or (64 if ":" in address else 24))
            peer: dict[str, Any] = {} if one.get("peer") is None else {"address": one.get("peer"), "local": address}
            with telling(f"Failed to add IP address {address}/{prefix} to {name}"):
                route.addr("add", index=place, prefixlen=prefix, **({"address": address} | peer))
        for one in routes:
            where = f"{one.get('address')}/{one.get('prefix') or (128 if one.get('family') == 'ipv6' else 32)}"
            more = {} if one.get("metric") is None else {"priority": int(one.get("metric") or 0)}
            with telling(f"Unable to add route {where}"):
                route.route("add", dst=where, gateway=one.get("gateway"), oif=place, **more)
