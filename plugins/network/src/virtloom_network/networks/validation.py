"""What this driver refuses of a network that is well-formed (`networkValidate`): what its mode cannot do."""

from __future__ import annotations

from pathlib import Path

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.network.network import Network
from virtloom.xmldef.network.portgroup import PortGroup
from virtloom.xmldef.network.refusal import unsupported
from virtloom.xmldef.network.virtualport import VirtualPort

PCI_DEVICES = Path("/sys/bus/pci/devices")
OPENVSWITCH = "openvswitch"


def check_name(network: Network) -> None:
    """Refuse a name of more than one line, in which files could not be told apart.

    :raises VirtError: XML_DETAIL.
    """
    if "\n" in network.name:
        raise VirtError(ErrorCode.XML_DETAIL, "invalid char in name: \n", ErrorDomain.XML)


def validate(network: Network) -> None:
    """Refuse what cannot be.

    :raises VirtError: CONFIG_UNSUPPORTED, in libvirt's words and order.
    """
    if not network.is_virtual:
        _check_external(network)
    shaped = network.is_virtual or (network.mode == "bridge" and network.bridge_name is not None)
    if network.bandwidth is not None and not shaped:
        told = f"Unsupported network-wide <bandwidth> element in network {network.name} with forward mode="
        raise unsupported(f"{told}'{network.mode}'")
    _check_devices(network)
    _check_dhcp(network)
    _check_portgroups(network, shaped)


def _check_external(network: Network) -> None:
    """Refuse what only a bridge of the network's own could have."""
    dns = network.dns
    for given, tag in (
        (network.mac, "mac"),
        (network.ips, "ip"),
        (dns is not None and (dns.txts or dns.hosts or dns.srvs), "dns"),
        (network.domain, "domain"),
    ):
        if given:
            told = f"Unsupported <{tag}> element in network {network.name} with forward mode='{network.mode}'"
            raise unsupported(told)


def _check_devices(network: Network) -> None:
    forward, name = network.forward, network.name
    if forward is None:
        return
    if forward.interfaces and forward.mode == "hostdev":
        told = f"hostdev network '{name}' lists '{forward.interfaces[0].dev}' in the device pool, but hostdev networks"
        raise unsupported(f"{told} require all devices to be listed by PCI address, not network device name")
    if forward.addresses and forward.mode != "hostdev":
        told = f"network '{name}' has forward mode '{forward.mode}'  but lists a device by PCI address in the device"
        raise unsupported(f"{told} pool. This is only supported for networks with forward mode 'hostdev'")
    for address in forward.addresses:
        device = PCI_DEVICES / str(address)
        if not (device / "physfn").exists():
            raise unsupported(f"device '{device}' in network '{name}' is not an SR-IOV Virtual Function")


def _check_dhcp(network: Network) -> None:
    for version in (4, 6):
        if sum(ip.dhcp is not None and ip.address.version == version for ip in network.ips) > 1:
            told = f"Multiple IPv{version} dhcp sections found -- dhcp is supported only for a single IPv{version}"
            raise unsupported(f"{told} address on each network")


def _check_portgroups(network: Network, shaped: bool) -> None:
    groups, name = network.portgroups, network.name
    default: PortGroup | None = None
    for place, group in enumerate(groups):
        if group.default and default is not None:
            told = f"network '{name}' has multiple default <portgroup> elements ({default.name} and {group.name})"
            raise unsupported(f"{told}, but only one default is allowed")
        default = group if group.default else default
        if any(other.name == group.name for other in groups[place + 1 :]):
            raise unsupported(f"multiple <portgroup> elements with the same name ({group.name}) in network '{name}'")
        if group.bandwidth is not None and not shaped:
            told = f"Unsupported <bandwidth> element in network '{name}' in portgroup '{group.name}'"
            raise unsupported(f"{told} with forward mode='{network.mode}'")
    _check_vlan(network, default)


def _check_vlan(network: Network, default: PortGroup | None) -> None:
    allowed = network.mode in ("hostdev", "passthrough") or _is_openvswitch(network, network.virtualport)
    tagged = [group for group in network.portgroups if network.vlan is not None or group.vlan is not None]
    bad = any(
        not (_is_openvswitch(network, group.virtualport) if group.virtualport is not None else allowed)
        for group in tagged
    )
    if bad or (network.vlan is not None and not allowed and default is None):
        told = f"<vlan> element specified for network {network.name}, whose type doesn't support vlan configuration"
        raise unsupported(told)


def _is_openvswitch(network: Network, virtualport: VirtualPort | None) -> bool:
    return network.mode == "bridge" and virtualport is not None and virtualport.type == OPENVSWITCH
