"""The snapshots of domains, as they are found, listed and shown; making them is each driver's own."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from virtloom.driver.constants.domain import DomainXMLFlags
from virtloom.driver.constants.snapshot import DomainSnapshotListFlags as List
from virtloom.driver.domains.base import Domains, S
from virtloom.driver.domains.moments import Moment, Moments
from virtloom.driver.domains.moments.snapshots import is_external, snapshot_node
from virtloom.driver.handles import DomainHandle, DomainSnapshotHandle
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef import document

# Each group of list flags: a snapshot passes it if none of the group is asked for, or one that fits.
FILTERS: tuple[dict[int, Callable[[Moments, Moment], bool]], ...] = (
    {List.LEAVES: lambda all_, m: all_.is_leaf(m), List.NO_LEAVES: lambda all_, m: not all_.is_leaf(m)},
    {List.METADATA: lambda all_, m: True, List.NO_METADATA: lambda all_, m: False},
    {
        List.INACTIVE: lambda all_, m: m.state == "shutoff",
        List.ACTIVE: lambda all_, m: m.state not in ("shutoff", "disk-snapshot"),
        List.DISK_ONLY: lambda all_, m: m.state == "disk-snapshot",
    },
    {List.INTERNAL: lambda all_, m: not is_external(m), List.EXTERNAL: lambda all_, m: is_external(m)},
)
LIST_FLAGS = sum(flag for group in FILTERS for flag in group) | List.ROOTS | List.TOPOLOGICAL


class DomainSnapshots(Domains[S]):
    """The calls that look at snapshots."""

    def domain_list_all_snapshots(self, dom: DomainHandle, flags: int) -> list[DomainSnapshotHandle]:
        """`virDomainListAllSnapshots`"""
        self._check_flags(flags, LIST_FLAGS, "DomainListAllSnapshots")
        return self._listed(dom, None, flags)

    def domain_snapshot_list_all_children(
        self, snapshot: DomainSnapshotHandle, flags: int
    ) -> list[DomainSnapshotHandle]:
        """`virDomainSnapshotListAllChildren`"""
        self._check_flags(flags, LIST_FLAGS, "DomainSnapshotListAllChildren")
        return self._listed(snapshot.dom, snapshot.name, flags)

    def _listed(self, dom: DomainHandle, start: str | None, flags: int) -> list[DomainSnapshotHandle]:
        with self._reading(dom) as state:
            moments, handle = state.snapshots, state.handle
        if start is not None:
            require_snapshot(moments, start)

        def fits(moment: Moment) -> bool:
            asked = ([f(moments, moment) for flag, f in group.items() if flags & flag] for group in FILTERS)
            return all(any(answers) for answers in asked if answers)

        chosen = moments.chosen(start, flags, List.ROOTS, fits)
        return [DomainSnapshotHandle(moment.name, handle) for moment in chosen]

    def domain_snapshot_lookup_by_name(self, dom: DomainHandle, name: str, flags: int) -> DomainSnapshotHandle:
        """`virDomainSnapshotLookupByName`"""
        self._check_flags(flags, 0, "DomainSnapshotLookupByName")
        with self._reading(dom) as state:
            return DomainSnapshotHandle(require_snapshot(state.snapshots, name).name, state.handle)

    def domain_has_current_snapshot(self, dom: DomainHandle, flags: int) -> bool:
        """`virDomainHasCurrentSnapshot`"""
        self._check_flags(flags, 0, "DomainHasCurrentSnapshot")
        with self._reading(dom) as state:
            return state.snapshots.current is not None

    def domain_snapshot_current(self, dom: DomainHandle, flags: int) -> DomainSnapshotHandle:
        """`virDomainSnapshotCurrent`"""
        self._check_flags(flags, 0, "DomainSnapshotCurrent")
        with self._reading(dom) as state:
            current = state.snapshots.current
            if current is None:
                raise VirtError(ErrorCode.NO_DOMAIN_SNAPSHOT, "the domain does not have a current snapshot")
            return DomainSnapshotHandle(current, state.handle)

    def domain_snapshot_get_parent(self, snap: DomainSnapshotHandle, flags: int) -> DomainSnapshotHandle:
        """`virDomainSnapshotGetParent`"""
        self._check_flags(flags, 0, "DomainSnapshotGetParent")
        with self._reading(snap.dom) as state:
            parent = require_snapshot(state.snapshots, snap.name).parent
            if parent is None:
                detail = f"snapshot '{snap.name}' does not have a parent"
                raise VirtError(ErrorCode.NO_DOMAIN_SNAPSHOT, detail)
            return DomainSnapshotHandle(parent, state.handle)

    def domain_snapshot_is_current(self, snap: DomainSnapshotHandle, flags: int) -> bool:
        """`virDomainSnapshotIsCurrent`"""
        self._check_flags(flags, 0, "DomainSnapshotIsCurrent")
        with self._reading(snap.dom) as state:
            return bool(state.snapshots.current == snap.name)

    def domain_snapshot_has_metadata(self, snap: DomainSnapshotHandle, flags: int) -> bool:
        """`virDomainSnapshotHasMetadata`"""
        self._check_flags(flags, 0, "DomainSnapshotHasMetadata")
        with self._reading(snap.dom) as state:
            return bool(require_snapshot(state.snapshots, snap.name))

    def domain_snapshot_get_xml_desc(self, snap: DomainSnapshotHandle, flags: int) -> str:
        """`virDomainSnapshotGetXMLDesc`"""
        self._check_flags(flags, DomainXMLFlags.SECURE, "DomainSnapshotGetXMLDesc")
        with self._reading(snap.dom) as state:
            moment = require_snapshot(state.snapshots, snap.name)
        root = snapshot_node(moment, str(UUID(bytes=snap.dom.uuid)), secure=bool(flags & DomainXMLFlags.SECURE))
        return document.write(root)


def require_snapshot(moments: Moments, name: str) -> Moment:
    """The snapshot of a name.

    :raises VirtError: NO_DOMAIN_SNAPSHOT.
    """
    found = moments.by_name.get(name)
    if found is None:
        detail = f"no domain snapshot with matching name '{name}'"
        raise VirtError(ErrorCode.NO_DOMAIN_SNAPSHOT, detail, ErrorDomain.DOMAIN_SNAPSHOT)
    return found
