"""Where a network's traffic goes (`virNetworkForwardDefParseXML`)."""

from __future__ import annotations

from virtloom.xmldef import values
from virtloom.xmldef.definition import Definition, attr, child, children, computed
from virtloom.xmldef.document import Node
from virtloom.xmldef.network.attributes import given
from virtloom.xmldef.network.nat import Nat, read_nat
from virtloom.xmldef.network.pci import PciAddress, read_pci
from virtloom.xmldef.network.refusal import bad, unsupported

MODES = ("none", "nat", "route", "open", "bridge", "private", "vepa", "passthrough", "hostdev")
VIRTUAL = frozenset({"none", "nat", "route", "open"})  # those whose bridge is the network's own
DRIVERS = ("kvm", "vfio")


class Device(Definition):
    """A device of the host that the network uses.

    :ivar connections: how many ports use it now; None for none.
    """

    dev: str = attr()
    connections: int | None = attr(values.uint)


def _write_driver(name: str, node: Node) -> None:
    node.add("driver", {"name": name})


class Forward(Definition, tag="forward"):
    """The mode, and the devices: interfaces by name, or functions of PCI devices, or all functions of one device.

    :ivar managed: of mode hostdev: whether devices are taken from the host's drivers and given back.
    """

    mode: str = attr()
    managed: bool | None = attr(values.yes_no)
    driver: str | None = computed(lambda node: None, _write_driver)
    nat: Nat | None = child(Nat)
    pf: Device | None = child(Device, "pf")
    interfaces: tuple[Device, ...] = children(Device, "interface")
    addresses: tuple[PciAddress, ...] = children(PciAddress)

    @property
    def dev(self) -> str | None:
        """The one interface that all traffic goes through, or the first of several."""
        return self.interfaces[0].dev if self.interfaces and self.pf is None else None

    def node(self, tag: str | None = None) -> Node:
        """See `Definition.node`."""
        made = super().node(tag)
        if self.dev is not None:
            made.attrs = {"dev": self.dev, **made.attrs}
        return made


def read_forward(node: Node, network: str) -> Forward:
    """Where an element says the traffic goes.

    :param network: the network's name, for messages.
    :raises VirtError: XML_ERROR or CONFIG_UNSUPPORTED, in libvirt's words.
    """
    mode = given(node, "mode") or "nat"
    if mode not in MODES:
        raise unsupported(f"unknown forwarding type '{mode}'")
    managed = (given(node, "managed") or "").lower() == "yes"
    driver = given(node.find("driver"), "name")
    if driver is not None and driver not in DRIVERS:
        raise unsupported(f"Unknown forward <driver name='{driver}'/> in network {network}")
    made = Forward(mode=mode, managed=managed if mode == "hostdev" else None, driver=driver)
    return _with_devices(made.replace(nat=read_nat(node, mode, network)), node, network)


def _with_devices(forward: Forward, node: Node, network: str) -> Forward:
    interfaces, addresses, functions = (list(node.all(tag)) for tag in ("interface", "address", "pf"))
    dev = given(node, "dev")
    if dev is not None and (addresses or functions):
        told = "the <forward> 'dev' attribute cannot be used when <address> or <pf> sub-elements are present in network"
        raise bad(f"{told} {network}")
    if interfaces or dev is not None:
        return forward.replace(interfaces=_interfaces(interfaces, dev, network))
    if addresses:
        return forward.replace(addresses=_addresses(addresses, network))
    if len(functions) > 1:
        raise bad(f"Only one <pf> element is allowed in <forward> of network {network}")
    return forward.replace(pf=_function(functions[0], network)) if functions else forward


def _interfaces(nodes: list[Node], dev: str | None, network: str) -> tuple[Device, ...]:
    names = [dev] if dev is not None else []
    for place, node in enumerate(nodes):
        name = node.get("dev")
        if name is None:
            raise bad(f"Missing required dev attribute in <forward> <interface> element of network {network}")
        if place == 0 and dev is not None:
            if name != dev:
                told = f"<forward dev='{dev}'> must match first <interface dev='{name}'/> in network {network}"
                raise bad(told)
        elif name in names:
            raise bad(f"interface '{name}' can only be listed once in network {network}")
        else:
            names.append(name)
    return tuple(Device(dev=name) for name in names)


def _addresses(nodes: list[Node], network: str) -> tuple[PciAddress, ...]:
    found: list[PciAddress] = []
    for node in nodes:
        kind = node.get("type")
        if kind is None:
            raise bad(f"missing address type in network {network}")
        if kind not in ("none", "pci", "netdev"):
            raise unsupported(f"unknown address type '{kind}' in network {network}")
        if kind != "pci":
            raise bad(f"unsupported address type '{kind}' in network {network}")
        one = read_pci(node)
        if one in found:
            raise bad(f"PCI device '{one}' can only be listed once in network {network}")
        found.append(one)
    return tuple(found)


def _function(node: Node, network: str) -> Device:
    name = node.get("dev")
    if name is None:
        raise bad(f"Missing required dev attribute in <pf> element of network '{network}'")
    return Device(dev=name)
