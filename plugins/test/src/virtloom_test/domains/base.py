"""What all parts of the domain driver stand on."""

from __future__ import annotations

from virtloom.driver import EventSource
from virtloom.driver.domains import Domains
from virtloom.driver.handles import DomainHandle
from virtloom.errors import ErrorDomain
from virtloom.locks import JobKind
from virtloom_test.domains.rules import RULES
from virtloom_test.domains.state import TestDomain
from virtloom_test.hosts.node import Node
from virtloom_test.object_types import DOMAIN
from virtloom_test.stage import Stage
from virtloom_test.time.progress import stats


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

    def _spend(self, dom: DomainHandle, kind: JobKind, work: str) -> None:
        """Let the time pass that a kind of work takes, as a job on the domain; none takes any unless told to."""
        if not self.stage.tempo.seconds(work):
            return
        found = self._find(dom)
        with found.job(kind) as job:
            with found.locked() as state:
                total = (state.definition.memory or 0) * 1024
            self.stage.tempo.pass_time(work, job, total)
            with found.locked() as state:
                job.check()
                state.last_job = stats(job)
