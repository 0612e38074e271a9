"""What all parts of a driver of domains stand on: finding a domain, making it, changing it, telling of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any, Generic, TypeVar
from uuid import UUID

from virtloom.driver.base import HypervisorDriver
from virtloom.driver.collections import Collection, NameTaken
from virtloom.driver.constants.domain_event import DomainEventID
from virtloom.driver.domains.state import DomainState, View
from virtloom.driver.domains.told import Told
from virtloom.driver.events import EventFamily, EventSource
from virtloom.driver.flags import check_flags
from virtloom.driver.handles import DomainHandle
from virtloom.driver.host import DriverHost
from virtloom.driver.resources.refusals import name_is_taken, uuid_is_taken
from virtloom.driver.settled import Settled
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.locks import Guarded, JobKind, ObjectGone, ObjectType
from virtloom.xmldef.domain.definition import Domain

S = TypeVar("S", bound=DomainState)


def uuid_text(uuid: object) -> str:
    """A uuid, the key of a domain, as people write it."""
    assert isinstance(uuid, bytes)
    return str(UUID(bytes=uuid))


class Domains(HypervisorDriver, Generic[S]):
    """The collection of domains, and how a method reaches one.

    :param host: what the daemon gives to the plugin.
    :param object_type: the declared type of its domains.
    :param make: the state of a new domain, from its definition.
    :param events: where the domains' events go; the plugin's own source unless given.
    """

    functions = ""  # what libvirt's C functions of this driver begin with; messages about flags name them

    def __init__(
        self, host: DriverHost, object_type: ObjectType, make: Callable[[Domain], S], events: EventSource | None = None
    ) -> None:
        self.host = host
        self.events = self._source = events or host.events
        self.domains: Collection[S] = host.collection(object_type)
        self._make = make
        self._ids = count(1)
        self._kept_answers = Told(self.domains.edition, self._views)
        self.settled = Settled(self.domains.edition)

    def _check_flags(self, flags: int, allowed: int, call: str) -> None:
        """Refuse unknown flags of a call such as `DomainGetMetadata` (`virCheckFlags`).

        :raises VirtError: INVALID_ARG.
        """
        check_flags(flags, allowed, self.functions + call)

    # Finding.

    def _find(self, dom: DomainHandle) -> Guarded[S]:
        """The domain of a handle, by its uuid alone, as libvirt does it.

        :raises VirtError: NO_DOMAIN.
        """
        found = self.domains.find(dom.uuid)
        if found is None:
            raise VirtError(ErrorCode.NO_DOMAIN, f"no domain with matching uuid '{uuid_text(dom.uuid)}' ({dom.name})")
        return found

    def _view(self, dom: DomainHandle) -> View:
        """A domain as it was at its last change; takes no lock of the domain's."""
        view: View = self._find(dom).published
        return view

    def _views(self) -> list[View]:
        """All domains, each as it was at its last change; takes no lock of any."""
        shown = self.domains.snapshot()
        return [view for domain in shown if (view := domain.published) is not None and not domain.gone]

    # Reading and changing.

    @contextmanager
    def _reading(self, dom: DomainHandle) -> Iterator[S]:
        """The state of a domain, to look at."""
        with self._find(dom).locked() as state:
            yield state

    @contextmanager
    def _changing(self, dom: DomainHandle) -> Iterator[S]:
        """The state of a domain, to change; what is shown of it follows."""
        found = self._find(dom)
        with found.changing() as state:
            yield state
            found.publish(state.view())

    @contextmanager
    def _ending(self, dom: DomainHandle, killed: str | None = None) -> Iterator[S]:
        """As `_changing`, for changes after which a transient domain is no more.

        :param killed: if the guest ends in the middle of whatever is done to it: why, for those who do it.
        """
        found = self._find(dom)
        kind = JobKind.MODIFY if killed is None else JobKind.DESTROY
        with found.changing(kind=kind, killing=killed) as state:
            yield state
            gone = self._publish(found, state)
        if gone:
            self.domains.remove(found)

    @staticmethod
    def _publish(found: Guarded[S], state: S) -> bool:
        """Show a domain as it is now, under its lock; one that neither runs nor is kept is retired.

        :return: whether it is to be removed from the collection, with no lock held.
        """
        found.publish(state.view())
        gone = not state.persistent and not state.active
        if gone:
            found.retire()
        return gone

    # Making.

    def _obtain(self, definition: Domain, assign: Callable[[S], Any], *, inactive: bool = False) -> DomainHandle:
        """The domain of a definition, made if there is none (`virDomainObjListAdd`).

        :param assign: puts the definition into the state, with the domain locked.
        :param inactive: whether it is an error if the domain runs.
        :raises VirtError: OPERATION_FAILED if its name or its uuid is another domain's.
        """
        assert definition.uuid is not None
        while True:
            try:
                found, _ = self.domains.obtain(definition.uuid, definition.name, lambda: self._make(definition))
            except NameTaken as taken:
                raise name_is_taken("domain", taken, ErrorDomain.DOMAIN) from None
            try:
                with found.changing() as state:
                    refuse_other(state, definition, inactive=inactive)
                    assign(state)
                    found.publish(state.view())
                    return state.handle
            except ObjectGone:
                self.domains.remove(found)  # it went between the look-up and the lock: make it anew

    # Telling.

    def _lifecycle(self, state: S, event: int, detail: int) -> None:
        """Tell of a step in a domain's life."""
        self._emit(DomainEventID.LIFECYCLE, state.handle, (event, detail))

    def _emit(self, number: int, handle: DomainHandle, payload: tuple[object, ...] = ()) -> None:
        self._source.emit(EventFamily.DOMAIN, number, handle, payload)


def refuse_other(state: DomainState, definition: Domain, *, inactive: bool) -> None:
    """Refuse a definition whose uuid is that of a domain with another name, or of one that runs.

    :raises VirtError: OPERATION_FAILED or OPERATION_INVALID.
    """
    name = state.definition.name
    if name != definition.name:
        assert definition.uuid is not None
        raise uuid_is_taken("domain", name, definition.uuid, ErrorDomain.DOMAIN)
    if inactive and state.active:
        raise VirtError(ErrorCode.OPERATION_INVALID, f"domain '{name}' is already active", ErrorDomain.DOMAIN)
