"""One host that is played: its domains, and the networks, pools and devices around them."""

from __future__ import annotations

from collections.abc import Mapping

from virtloom.driver import Driver, DriverHost, DriverKind
from virtloom.xmldef.document import Node as Element
from virtloom_test.domains import TestDomains
from virtloom_test.node import Node


class TestHost:
    """The drivers of one host; their events are seen by its connections alone.

    :ivar drivers: by kind, as a connection wants them.
    """

    __test__ = False  # the name begins as pytest's classes do

    def __init__(self, host: DriverHost, node: Node) -> None:
        events = host.event_source()
        self.domains = TestDomains(host, events, node)
        self.drivers: Mapping[DriverKind, Driver] = {DriverKind.HYPERVISOR: self.domains}

    def add_resources(self, root: Element) -> None:
        """Put in the networks, interfaces, pools and devices that a node's description has."""
