"""Finding domains and listing them: answered from what each has published, with no lock of any domain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from virtloom.driver.constants.connect import ConnectListAllDomainsFlags as Filter
from virtloom.driver.constants.domain_state import DomainState
from virtloom.driver.domains.base import Domains, S, uuid_text
from virtloom.driver.domains.state import View
from virtloom.driver.handles import DomainHandle
from virtloom.driver.settled import settled
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import Guarded

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


@cache
def _asked(flags: int) -> tuple[tuple[Callable[[View], bool], ...], ...]:
    """The groups of which something is asked for, each as what fits."""
    groups = (tuple(fits for flag, fits in group.items() if flags & flag) for group in FILTERS)
    return tuple(group for group in groups if group)


def passes(view: View, flags: int) -> bool:
    """Whether a domain is among those that the flags ask for (`virDomainObjMatchFilter`)."""
    return all(any(fits(view) for fits in group) for group in _asked(flags & KNOWN))


class DomainLookup(Domains[S]):
    """The calls that find, list and name domains."""

    def connect_list_all_domains(self, flags: int) -> Sequence[DomainHandle]:
        """`virConnectListAllDomains`: the same list, and the same bytes of it, for as long as no domain changes."""
        self._check_flags(flags, KNOWN, "ConnectListAllDomains")
        return self._kept_answers.ask(flags, lambda view: view.handle if not flags or passes(view, flags) else None)

    @settled
    def domain_lookup_by_id(self, id: int) -> DomainHandle:
        """`virDomainLookupByID`"""
        for view in self._views():
            if view.active and view.handle.id == id:
                return view.handle
        raise self._not_found(f"id {id}")

    @settled
    def domain_lookup_by_uuid(self, uuid: bytes) -> DomainHandle:
        """`virDomainLookupByUUID`"""
        return self._shown(self.domains.find(uuid), f"uuid '{uuid_text(uuid)}'")

    @settled
    def domain_lookup_by_name(self, name: str) -> DomainHandle:
        """`virDomainLookupByName`"""
        return self._shown(self.domains.find_name(name), f"name '{name}'")

    def _shown(self, found: Guarded[S] | None, wanted: str) -> DomainHandle:
        if found is None or found.published is None:
            raise self._not_found(wanted)
        view: View = found.published
        return view.handle

    def _not_found(self, wanted: str) -> VirtError:
        """The error of a look-up by something that no domain has."""
        return VirtError(ErrorCode.NO_DOMAIN, f"no domain with matching {wanted}")

    @settled
    def domain_is_active(self, dom: DomainHandle) -> bool:
        """`virDomainIsActive`"""
        return self._view(dom).active

    @settled
    def domain_is_persistent(self, dom: DomainHandle) -> bool:
        """`virDomainIsPersistent`"""
        return self._view(dom).persistent

    @settled
    def domain_get_state(self, dom: DomainHandle, flags: int) -> tuple[int, int]:
        """`virDomainGetState`"""
        self._check_flags(flags, 0, "DomainGetState")
        view = self._view(dom)
        return view.state, view.reason

    @settled
    def domain_get_autostart(self, dom: DomainHandle) -> bool:
        """`virDomainGetAutostart`"""
        return self._view(dom).autostart
