"""Finding domains and listing them: answered from what each has published, with no lock of any domain."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from virtloom.driver.constants.connect import ConnectListAllDomainsFlags as Filter
from virtloom.driver.constants.domain_state import DomainState
from virtloom.driver.handles import DomainHandle
from virtloom.errors import ErrorCode, VirtError
from virtloom_test.domains.base import DomainsBase
from virtloom_test.domains.state import View
from virtloom_test.flags import check_flags

# Each group of flags: a domain passes it if none of the group is asked for, or one that fits.
FILTERS: tuple[dict[int, Callable[[View], bool]], ...] = (
    {Filter.ACTIVE: lambda v: v.active, Filter.INACTIVE: lambda v: not v.active},
    {Filter.PERSISTENT: lambda v: v.persistent, Filter.TRANSIENT: lambda v: not v.persistent},
    {
        Filter.RUNNING: lambda v: v.state == DomainState.RUNNING,
        Filter.PAUSED: lambda v: v.state == DomainState.PAUSED,
        Filter.SHUTOFF: lambda v: v.state == DomainState.SHUTOFF,
        Filter.OTHER: lambda v: v.state not in (DomainState.RUNNING, DomainState.PAUSED, DomainState.SHUTOFF),
    },
    {Filter.MANAGEDSAVE: lambda v: v.managed_save, Filter.NO_MANAGEDSAVE: lambda v: not v.managed_save},
    {Filter.AUTOSTART: lambda v: v.autostart, Filter.NO_AUTOSTART: lambda v: not v.autostart},
    {Filter.HAS_SNAPSHOT: lambda v: v.snapshots > 0, Filter.NO_SNAPSHOT: lambda v: not v.snapshots},
    {Filter.HAS_CHECKPOINT: lambda v: v.checkpoints > 0, Filter.NO_CHECKPOINT: lambda v: not v.checkpoints},
)
KNOWN = sum(flag for group in FILTERS for flag in group)


def passes(view: View, flags: int) -> bool:
    """Whether a domain is among those that the flags ask for (`virDomainObjMatchFilter`)."""
    for group in FILTERS:
        asked = [fits for flag, fits in group.items() if flags & flag]
        if asked and not any(fits(view) for fits in asked):
            return False
    return True


class Lookup(DomainsBase):
    """The calls that find, list and name domains."""

    def connect_list_all_domains(self, flags: int) -> list[DomainHandle]:
        """`virConnectListAllDomains`"""
        check_flags(flags, KNOWN, "testConnectListAllDomains")
        return [view.handle for view in self._views() if passes(view, flags)]

    def _views(self) -> list[View]:
        views = [domain.published for domain in self.domains if not domain.gone]
        return [view for view in views if view is not None]

    def domain_lookup_by_id(self, id: int) -> DomainHandle:
        """`virDomainLookupByID`"""
        for view in self._views():
            if view.active and view.handle.id == id:
                return view.handle
        raise VirtError(ErrorCode.NO_DOMAIN)

    def domain_lookup_by_uuid(self, uuid: bytes) -> DomainHandle:
        """`virDomainLookupByUUID`"""
        found = self.domains.find(uuid)
        if found is None or found.published is None:
            raise VirtError(ErrorCode.NO_DOMAIN)
        view: View = found.published
        return view.handle

    def domain_lookup_by_name(self, name: str) -> DomainHandle:
        """`virDomainLookupByName`"""
        found = self.domains.find_name(name)
        if found is None or found.published is None:
            raise VirtError(ErrorCode.NO_DOMAIN)
        view: View = found.published
        return view.handle

    def domain_is_active(self, dom: DomainHandle) -> bool:
        """`virDomainIsActive`"""
        return self._view(dom).active

    def domain_is_persistent(self, dom: DomainHandle) -> bool:
        """`virDomainIsPersistent`"""
        return self._view(dom).persistent

    def domain_is_updated(self, dom: DomainHandle) -> bool:
        """`virDomainIsUpdated`: a test domain never is."""
        self._find(dom)
        return False

    def domain_get_state(self, dom: DomainHandle, flags: int) -> tuple[int, int]:
        """`virDomainGetState`"""
        check_flags(flags, 0, "testDomainGetState")
        view = self._view(dom)
        return view.state, view.reason

    def domain_get_os_type(self, dom: DomainHandle) -> str:
        """`virDomainGetOSType`: libvirt's test driver says the same of every guest."""
        self._find(dom)
        return "linux"

    def domain_get_hostname(self, dom: DomainHandle, flags: int) -> str:
        """`virDomainGetHostname`: a guest is called after its domain."""
        check_flags(flags, 0, "testDomainGetHostname")
        with self._reading(dom) as state:
            state.require_active()
            return f"{dom.name}host"


def uuid_text(uuid: object) -> str:
    """A uuid, the key of a domain, as people write it."""
    assert isinstance(uuid, bytes)
    return str(UUID(bytes=uuid))
