"""Network interfaces: addresses and names that the daemon makes up."""

from __future__ import annotations

from virtloom.xmldef import chance
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Interface, Mac

MAC_PREFIX = b"\x52\x54\x00"  # QEMU's


def generated_mac(prefix: bytes = MAC_PREFIX) -> str:
    """A MAC address of our own."""
    return (prefix + chance.random_bytes(3)).hex(":")


def interfaces(domain: Domain) -> Domain:
    """An interface has a MAC address, and on an Open vSwitch an id (`virDomainNetDefParseXML`)."""
    return domain.with_devices(interfaces=tuple(_completed(one) for one in domain.parts.interfaces))


def _completed(one: Interface) -> Interface:
    mac = one.mac or Mac()
    return one.replace(
        mac=mac if mac.address is not None else mac.replace(address=generated_mac()),
        virtualport=one.virtualport and _with_id(one.virtualport),
    )


def _with_id(port: Node) -> Node:
    given = port.find("parameters")
    if port.get("type") != "openvswitch" or (given is not None and given.get("interfaceid") is not None):
        return port
    made = Node(port.tag, port.attrs, port.text, port.line)
    made.add("parameters", {"interfaceid": str(chance.uuid()), **(given.attrs if given is not None else {})})
    return made
