"""The ports of networks (`virNetworkPortDefParseXML`, `virNetworkPortDefFormat`)."""

from __future__ import annotations

from uuid import UUID

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef import values
from virtloom.xmldef.definition import Definition, attr, child, computed, leaf
from virtloom.xmldef.document import Node
from virtloom.xmldef.elements import root_of, text_of
from virtloom.xmldef.network.attributes import given, read_as
from virtloom.xmldef.network.bandwidth import Bandwidth, read_bandwidth
from virtloom.xmldef.network.bridge import MANAGERS
from virtloom.xmldef.network.forward import DRIVERS
from virtloom.xmldef.network.network import attribute_of
from virtloom.xmldef.network.pci import PciAddress, read_pci
from virtloom.xmldef.network.refusal import bad, internal
from virtloom.xmldef.network.virtualport import VirtualPort, read_virtualport
from virtloom.xmldef.network.vlan import Vlan, read_vlan
from virtloom.xmldef.values import Misfit, Words

PLUGS = Words("none", "network", "bridge", "direct", "hostdev-pci")
DIRECT_MODES = ("vepa", "private", "bridge", "passthrough")


class Owner(Definition, tag="owner"):
    """The domain that a port belongs to."""

    name: str = leaf()
    uuid: bytes = leaf(values.uuid)


class Plug(Definition, tag="plug"):
    """What a port is plugged into: a bridge, a device of the host, or a function of one that is the guest's own."""

    type: str = attr()
    bridge: str | None = attr()
    mac_table_manager: str | None = attr(xml="macTableManager")
    dev: str | None = attr()
    mode: str | None = attr()
    managed: bool | None = attr(values.yes_no)
    driver: str | None = computed(lambda node: None, lambda name, node: node.add("driver", {"name": name}))
    address: PciAddress | None = child(PciAddress)


class NetworkPort(Definition, tag="networkport"):
    """A port. Its plug is None until the network gave it one."""

    uuid: bytes = leaf(values.uuid)
    owner: Owner = child(Owner)
    group: str | None = leaf()
    mac: str = attribute_of("mac", "address", values.mac)
    virtualport: VirtualPort | None = child(VirtualPort)
    bandwidth: Bandwidth | None = child(Bandwidth)
    vlan: Vlan | None = child(Vlan)
    isolated: bool | None = attribute_of("port", "isolated", values.yes_no)
    trust_guest: bool | None = attribute_of("rxfilters", "trustGuest", values.yes_no)
    plug: Plug | None = child(Plug)


def parse_port(text: str) -> NetworkPort:
    """The port that a document describes.

    :raises VirtError: INTERNAL_ERROR, XML_ERROR and others, in libvirt's words and order.
    """
    root = root_of(text, "(networkport_definition)", "networkport", ErrorDomain.NETWORK)
    uuid = _uuid(root, "uuid", "uuid")
    name = text_of(root, "owner/name")
    if name is None:
        raise internal("network port has no owner name")
    owner = Owner(name=name, uuid=_uuid(root, "owner/uuid", "owner UUID"))
    return NetworkPort(
        uuid=uuid,
        owner=owner,
        group=text_of(root, "group"),
        virtualport=read_virtualport(root.find("virtualport")),
        mac=_mac(root),
        bandwidth=read_bandwidth(root.find("bandwidth"), of_port=True),
        vlan=read_vlan(root.find("vlan")),
        isolated=read_as(values.yes_no, root.find("port"), "isolated"),
        trust_guest=read_as(values.yes_no, root.find("rxfilters"), "trustGuest"),
        plug=_plug(root.find("plug")),
    )


def _uuid(root: Node, path: str, what: str) -> bytes:
    text = text_of(root, path)
    if text is None:
        raise internal(f"network port has no {what}")
    try:
        return UUID(text).bytes
    except ValueError:
        raise internal(f"Unable to parse UUID '{text}'") from None


def _mac(root: Node) -> str:
    text = given(root.find("mac"), "address")
    if text is None:
        raise internal("network port has no mac")
    try:
        mac: str = values.mac.parse(text)
    except Misfit:
        raise internal(f"Unable to parse MAC '{text}'") from None
    return mac


def _plug(node: Node | None) -> Plug | None:
    kind = read_as(PLUGS, node, "type") or "none"
    if node is None or kind == "none":
        return None
    if kind == "direct":
        return _direct(node)
    return _hostdev(node) if kind == "hostdev-pci" else _bridged(node, kind)


def _bridged(node: Node, kind: str) -> Plug:
    bridge, manager = node.get("bridge"), node.get("macTableManager")
    if bridge is None:
        raise bad("Missing network port bridge name")
    if manager is not None and manager not in MANAGERS:
        raise bad(f"Invalid macTableManager setting '{manager}' in network port")
    return Plug(type=kind, bridge=bridge, mac_table_manager=manager)


def _direct(node: Node) -> Plug:
    dev, mode = node.get("dev"), node.get("mode")
    if dev is None:
        raise bad("Missing network port link device name")
    if mode is not None and mode not in DIRECT_MODES:
        raise bad(f"Invalid mode setting '{mode}' in network port")
    return Plug(type="direct", dev=dev, mode=mode or DIRECT_MODES[0])


def _hostdev(node: Node) -> Plug:
    managed = read_as(values.yes_no, node, "managed")
    driver = given(node.find("driver"), "name")
    if driver is not None and driver not in DRIVERS:
        raise bad("Missing network port driver name")
    address = node.find("address")
    if address is None:
        raise bad("Missing network port PCI address")
    return Plug(type="hostdev-pci", managed=managed, driver=driver, address=read_pci(address, with_type=False))


def missing_port(uuid: bytes) -> VirtError:
    """The error for a port that there is not."""
    detail = f"Network port with UUID {UUID(bytes=uuid)} does not exist"
    return VirtError(ErrorCode.NO_NETWORK_PORT, detail, ErrorDomain.NETWORK)
