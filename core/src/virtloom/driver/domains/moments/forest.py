"""Moments of a domain: what snapshots and checkpoints have in common.

Each has a name and perhaps a parent; together they are a forest (`virDomainMomentObjList`).

A `Moments` is immutable: what changes one makes another, which takes its place in the domain's state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain


@dataclass(frozen=True)
class Moment:
    """One snapshot or checkpoint.

    :ivar created: seconds since 1970.
    :ivar state: the domain's state then, as the XML has it; "" for a checkpoint.
    :ivar disks: the `<disk>` elements; :ivar memory: the `<memory>` element of a snapshot.
    :ivar more: what its document has besides, as it stands: the definition of the next start, a driver's own things.
    """

    name: str
    description: str | None
    parent: str | None
    created: int
    domain: Domain | None
    state: str = ""
    disks: tuple[Node, ...] = ()
    memory: Node | None = None
    more: tuple[Node, ...] = ()


@dataclass(frozen=True)
class Moments:
    """All moments of one kind of one domain, by name, and which of them is the current one."""

    by_name: dict[str, Moment]
    current: str | None = None

    def __len__(self) -> int:
        return len(self.by_name)

    def __iter__(self) -> Iterator[Moment]:
        return iter(self.by_name.values())

    def children(self, name: str | None) -> list[Moment]:
        """Those whose parent is the one named; of None, the roots. The youngest comes first."""
        return [moment for moment in reversed(self.by_name.values()) if moment.parent == name]

    def descendants(self, name: str | None) -> list[Moment]:
        """Those below the one named, parents before their children."""
        found = []
        for child in self.children(name):
            found += [child, *self.descendants(child.name)]
        return found

    def added(self, moment: Moment, *, current: bool) -> Moments:
        """With one more, or with another in the place of one of its name.

        :param current: whether it is the current one from now on.
        """
        return Moments({**self.by_name, moment.name: moment}, moment.name if current else self.current)

    def without(self, name: str, *, children: bool, only_children: bool) -> Moments:
        """Without one: its children go to its parent, unless they go with it.

        :param children: whether all below it go too; :param only_children: whether it stays itself.
        """
        doomed = {moment.name for moment in self.descendants(name)} if children or only_children else set()
        if not only_children:
            doomed.add(name)
        parent = self.by_name[name].parent
        kept = {
            moment.name: replace(moment, parent=parent) if moment.parent == name and name in doomed else moment
            for moment in self
            if moment.name not in doomed
        }
        current = self.current
        if current in doomed:
            current = name if only_children else parent
        return Moments(kept, current)

    def chosen(self, start: str | None, flags: int, descend: int, fits: Callable[[Moment], bool]) -> list[Moment]:
        """Those below one, or all, that fit.

        :param start: the one to begin below; None for the whole forest.
        :param descend: the flag that asks for all below it, or (with no start) for the roots alone.
        """
        if start is None:
            found = self.children(None) if flags & descend else self.descendants(None)
        else:
            found = self.descendants(start) if flags & descend else self.children(start)
        return [moment for moment in found if fits(moment)]

    def is_leaf(self, moment: Moment) -> bool:
        """Whether nothing is below it."""
        return not self.children(moment.name)


NONE = Moments({})


def parse_moment(root: Node, kind: str, now: float) -> Moment:
    """What a document says of a moment that is to be made: a name, or the time for one.

    :param kind: the document's root element.
    :raises VirtError: XML_ERROR for another document.
    """
    if root.tag != kind:
        detail = f"expecting root element of '{kind}', not '{root.tag}'"
        raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.XML)
    name = root.find("name")
    description = root.find("description")
    return Moment(
        name=name.text if name is not None and name.text else str(int(now)),
        description=description.text if description is not None and description.text else None,
        parent=None,
        created=int(now),
        domain=None,
    )


def moment_node(moment: Moment, kind: str) -> Node:
    """The beginning that the documents of both kinds have."""
    root = Node(kind)
    root.add("name", text=moment.name)
    if moment.description:
        root.add("description", text=moment.description)
    if moment.state:
        root.add("state", text=moment.state)
    if moment.parent is not None:
        root.add("parent").add("name", text=moment.parent)
    root.add("creationTime", text=str(moment.created))
    return root


def already_exists(name: str) -> VirtError:
    """The error for a name that another moment has."""
    return VirtError(ErrorCode.OPERATION_FAILED, f"domain moment {name} already exists", ErrorDomain.DOMAIN)
