"""One host that is played: its domains, and the networks, pools and devices around them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from virtloom.driver import Driver, DriverHost, DriverKind
from virtloom.xmldef import document
from virtloom.xmldef.document import Node as Element
from virtloom_test.domains.driver import TestDomains
from virtloom_test.hosts.devices import TestNodeDevices
from virtloom_test.hosts.node import Node
from virtloom_test.networks import driver as networks
from virtloom_test.networks import interfaces
from virtloom_test.networks.driver import TestNetworks
from virtloom_test.networks.interfaces import TestInterfaces
from virtloom_test.storage.driver import TestStorage


class TestHost:
    """The drivers of one host; their events are seen by its connections alone.

    :ivar drivers: by kind, as a connection wants them.
    """

    __test__ = False  # the name begins as pytest's classes do

    def __init__(self, host: DriverHost, node: Node) -> None:
        events = host.event_source()
        self.domains = TestDomains(host, events, node)
        self.networks = TestNetworks(host, events)
        self.interfaces = TestInterfaces(host, events)
        self.storage = TestStorage(host, events)
        self.devices = TestNodeDevices(host, events)
        parts: tuple[Driver, ...] = (self.domains, self.networks, self.interfaces, self.storage, self.devices)
        self.drivers: Mapping[DriverKind, Driver] = {part.kind: part for part in parts}

    def add_resources(self, elements: Iterable[Element]) -> None:
        """Put in the networks, interfaces, pools and devices that a node's description has."""
        for element in elements:
            if element.tag == "network":
                self.networks.define_initial(networks.parse(document.write(element)))
            elif element.tag == "interface":
                self.interfaces.define_initial(interfaces.parse(document.write(element)))
            elif element.tag == "pool":
                self.storage.define_initial(element)
            elif element.tag == "device":
                self.devices.define_initial(element)
