"""What networks, interfaces and pools have in common: how they are found, listed, defined, started and stopped."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from virtloom.driver import Collection, DriverHost, EventFamily, EventSource, NameTaken
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import Guarded, ObjectGone, ObjectType


@dataclass
class Resource:
    """One of them. Its definition is immutable and replaced whole.

    :ivar handle: how clients name it.
    :ivar more: what only one kind has (a pool's volumes).
    """

    handle: Any
    definition: Any
    active: bool = False
    persistent: bool = False
    autostart: bool = False
    more: Any = None


@dataclass(frozen=True)
class Kind:
    """What differs between the kinds.

    :ivar word: what messages call one; :ivar not_found: the code for one that there is not.
    :ivar family: where its events belong; None if it has none.
    """

    word: str
    object_type: ObjectType
    not_found: ErrorCode
    family: EventFamily | None


class Resources:
    """The objects of one kind.

    :param events: where their events go.
    """

    def __init__(self, kind: Kind, host: DriverHost, events: EventSource) -> None:
        self.kind = kind
        self.objects: Collection[Resource] = host.collection(kind.object_type)
        self._events = events

    def missing(self, by: str, value: str) -> VirtError:
        """The error for one that there is not."""
        return VirtError(self.kind.not_found, f"no {self.kind.word} with matching {by} '{value}'")

    def named(self, name: str) -> Guarded[Resource]:
        """The one of a name.

        :raises VirtError: the kind's not-found.
        """
        found = self.objects.find_name(name)
        if found is None:
            raise self.missing("name", name)
        return found

    def keyed(self, key: Hashable, shown: str) -> Guarded[Resource]:
        """The one of a key, which is the uuid for most.

        :raises VirtError: the kind's not-found.
        """
        found = self.objects.find(key)
        if found is None:
            raise self.missing("uuid", shown)
        return found

    def views(self) -> list[Resource]:
        """Each as it was at its last change; takes no object's lock."""
        return [one.published for one in self.objects if one.published is not None and not one.gone]

    def put(self, key: Hashable, name: str, make: Callable[[], Resource], assign: Callable[[Resource], None]) -> Any:
        """The handle of the one with that key, made if there is none.

        :param assign: puts what is new into the state.
        :raises virtloom.driver.NameTaken: if another one has the name.
        """
        while True:
            found, _ = self.objects.obtain(key, name, make)
            try:
                with found.changing() as state:
                    assign(state)
                    found.publish(_copy(state))
                    return state.handle
            except ObjectGone:
                self.objects.remove(found)

    @contextmanager
    def changing(self, found: Guarded[Resource]) -> Iterator[Resource]:
        """The state of one, to change; one that is neither active nor kept afterwards is no more."""
        with found.changing() as state:
            yield state
            found.publish(_copy(state))
            gone = not state.active and not state.persistent
            if gone:
                found.retire()
        if gone:
            self.objects.remove(found)

    def emit(self, handle: Any, number: int, payload: tuple[int, ...] = ()) -> None:
        """Tell of an event of this kind."""
        if self.kind.family is not None:
            self._events.emit(self.kind.family, number, handle, payload)


def _copy(state: Resource) -> Resource:
    """What is shown without a lock: never changed afterwards."""
    return Resource(state.handle, state.definition, state.active, state.persistent, state.autostart, state.more)


__all__ = ["Kind", "NameTaken", "Resource", "Resources"]
