"""What all parts of the domain driver stand on: finding a domain, changing it, telling of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from uuid import UUID

from virtloom.driver import Collection, DriverHost, EventFamily, EventSource, HypervisorDriver
from virtloom.driver.constants.domain_event import DomainEventID
from virtloom.driver.handles import DomainHandle
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.locks import Guarded
from virtloom_test.domains.state import TestDomain, View
from virtloom_test.hosts.node import Node
from virtloom_test.object_types import DOMAIN


class DomainsBase(HypervisorDriver):
    """The collection of domains, and how a method reaches one.

    :param host: what the daemon gives to the plugin.
    :param events: where the domains' events go.
    :param node: the host that is played.
    """

    error_domain = ErrorDomain.TEST

    def __init__(self, host: DriverHost, events: EventSource, node: Node) -> None:
        self.host = host
        self.events = self._source = events
        self.node = node
        self.domains: Collection[TestDomain] = host.collection(DOMAIN)
        self._ids = count(1)

    def _find(self, dom: DomainHandle) -> Guarded[TestDomain]:
        """The domain of a handle, by its uuid alone, as libvirt does it.

        :raises VirtError: NO_DOMAIN.
        """
        found = self.domains.find(dom.uuid)
        if found is None:
            detail = f"no domain with matching uuid '{UUID(bytes=dom.uuid)}' ({dom.name})"
            raise VirtError(ErrorCode.NO_DOMAIN, detail)
        return found

    def _view(self, dom: DomainHandle) -> View:
        """A domain as it was at its last change; takes no lock of the domain's."""
        view: View = self._find(dom).published
        return view

    @contextmanager
    def _reading(self, dom: DomainHandle) -> Iterator[TestDomain]:
        """The state of a domain, to look at."""
        with self._find(dom).locked() as state:
            yield state

    @contextmanager
    def _changing(self, dom: DomainHandle) -> Iterator[TestDomain]:
        """The state of a domain, to change; what is shown of it follows."""
        found = self._find(dom)
        with found.changing() as state:
            yield state
            found.publish(state.view())

    @contextmanager
    def _ending(self, dom: DomainHandle) -> Iterator[TestDomain]:
        """As `_changing`, for changes after which a transient domain is no more."""
        found = self._find(dom)
        with found.changing() as state:
            yield state
            found.publish(state.view())
            gone = not state.persistent and not state.active
            if gone:
                found.retire()
        if gone:
            self.domains.remove(found)

    def _lifecycle(self, state: TestDomain, event: int, detail: int) -> None:
        """Tell of a step in a domain's life."""
        self._emit(DomainEventID.LIFECYCLE, state.handle, (event, detail))

    def _emit(self, number: int, handle: DomainHandle, payload: tuple[object, ...] = ()) -> None:
        self._source.emit(EventFamily.DOMAIN, number, handle, payload)
