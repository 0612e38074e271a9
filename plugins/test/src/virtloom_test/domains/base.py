"""What all parts of the domain driver stand on."""

from __future__ import annotations

from virtloom.driver import EventSource
from virtloom.driver.domains import Domains
from virtloom.errors import ErrorDomain
from virtloom_test.domains.rules import RULES
from virtloom_test.domains.state import TestDomain
from virtloom_test.hosts.node import Node
from virtloom_test.object_types import DOMAIN
from virtloom_test.stage import Stage


class DomainsBase(Domains[TestDomain]):
    """The collection of domains of one host that is played.

    :param stage: what it shares with the other hosts.
    :param node: the host.
    """

    rules = RULES  # what it knows of its guests

    error_domain = ErrorDomain.TEST
    functions = "test"

    def __init__(self, stage: Stage, events: EventSource, node: Node) -> None:
        super().__init__(stage.host, DOMAIN, TestDomain, events)
        self.stage = stage
        self.node = node
