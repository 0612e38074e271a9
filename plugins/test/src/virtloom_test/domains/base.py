"""What all parts of the domain driver stand on."""

from __future__ import annotations

from virtloom.driver import DriverHost, EventSource
from virtloom.driver.domains import Domains
from virtloom.errors import ErrorDomain
from virtloom_test.domains.state import TestDomain
from virtloom_test.hosts.node import Node
from virtloom_test.object_types import DOMAIN


class DomainsBase(Domains[TestDomain]):
    """The collection of domains of one host that is played.

    :param node: the host.
    """

    error_domain = ErrorDomain.TEST
    functions = "test"

    def __init__(self, host: DriverHost, events: EventSource, node: Node) -> None:
        super().__init__(host, DOMAIN, TestDomain, events)
        self.node = node
