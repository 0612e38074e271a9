"""Collections: where a driver finds its objects.

Guarantees: a key and a name each belong to one object at a time; the driver's lock is held for a dictionary's operation
and never while an object's lock is waited for, so one busy object delays no look-up of another.
Assumes: what an object publishes about itself (`Guarded.published`) is immutable, so that listing takes no object's
lock. Remaining race: an object found here may be removed before its lock is taken; `Guarded.locked` then raises
ObjectGone, which the client sees as "not found", as if it had asked a moment later.

Looking up takes no lock, which makes it three times as fast: CPython's dictionaries may be read while they are changed.
(By subscript: without the global lock `get` takes the dictionary's own, and in CPython 3.13 it then waits for itself.)
So that two look-ups never contradict each other, one dictionary has the truth, and a change shows at the moment in
which one entry of that one is replaced: it holds each object with its name, by its key. The other, by name, is only a
way to get there: an object that it leads to is believed only if the first one agrees.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Generic, TypeVar

from virtloom.locks import Edition, Guarded, Level, LockManager, ObjectGone, ObjectType
from virtloom.locks.context import THREADS

S = TypeVar("S")


class NameTaken(Exception):
    """Another object has that name already.

    :ivar holder: the object that has it.
    """

    def __init__(self, name: str, holder: Guarded[Any]) -> None:
        super().__init__(f"the name {name!r} is taken")
        self.name = name
        self.holder = holder


class Collection(Generic[S]):
    """The objects of one type, by key and by name.

    :param locks: the plugin's lock manager; the collection takes its driver's lock from it.
    :param object_type: the type of the objects, as the plugin declared it.
    :ivar edition: another one when an object is added, renamed or removed, or publishes something about itself.
    """

    def __init__(self, locks: LockManager, object_type: ObjectType) -> None:
        self.object_type = object_type
        self.edition = Edition()
        self._locks = locks
        self._lock = locks.lock(f"{object_type.name}s", Level.DRIVER)
        self._entries: dict[Hashable, tuple[Guarded[S], str]] = {}
        self._by_name: dict[str, Guarded[S]] = {}
        self._order: tuple[Guarded[S], ...] | None = ()

    def find(self, key: Hashable) -> Guarded[S] | None:
        """The object with that key, not locked; None if there is none."""
        if THREADS.me.held:
            self._locks.obtaining(self.object_type)
        try:
            return self._entries[key][0]  # noqa: VL004  one look into a dictionary is whole
        except KeyError:
            return None

    def find_name(self, name: str) -> Guarded[S] | None:
        """The object with that name, not locked; None if there is none."""
        if THREADS.me.held:
            self._locks.obtaining(self.object_type)
        try:
            found = self._by_name[name]  # noqa: VL004  as in find; then the entry tells whether the name is still its
            return found if self._entries[found.key] == (found, name) else None  # noqa: VL004
        except KeyError:
            return None

    def obtain(self, key: Hashable, name: str, make: Callable[[], S]) -> tuple[Guarded[S], bool]:
        """The object with that key, made if there is none yet; with whether it was made.

        :param make: makes the state of a new object; called under the driver's lock, so it only builds.
        :raises NameTaken: if there is none with that key but another has the name.
        """
        with self._lock:
            if key in self._entries:
                return self._entries[key][0], False
            if name in self._by_name:
                raise NameTaken(name, self._by_name[name])
            made = self._locks.guard(self.object_type, key, make(), self.edition)
            made.label = name
            with self.edition:
                self._by_name[name] = made
                self._order = None  # before the change shows, so that no list is older than a look-up
                self._entries[key] = made, name
            return made, True

    def rename(self, obj: Guarded[S], name: str) -> None:
        """Give the object's place another name; its state is the caller's to change.

        :raises NameTaken: if another object has the name.
        :raises ObjectGone: if it was removed.
        """
        with self._lock:
            self._leave_name(obj, self._move(obj, name))

    @contextmanager
    def renaming(self, obj: Guarded[S], name: str) -> Iterator[None]:
        """As `rename`, with a block that does what else there is to do; if it fails, the object has its old name again.

        In the block the object is found by its new name alone, and nobody else can take either.

        :raises NameTaken: if another object has the name.
        :raises ObjectGone: if it was removed.
        """
        with self._lock:
            old = self._move(obj, name)
        try:
            yield
        except BaseException:
            with self._lock, suppress(ObjectGone):
                self._move(obj, old)
            raise
        finally:
            with self._lock:
                self._leave_name(obj, old)
                self._leave_name(obj, name)

    def _move(self, obj: Guarded[S], name: str) -> str:
        """Under the lock: the name finds the object; its old one, which is returned, finds it no more but is kept."""
        holder = self._by_name.get(name)
        if holder is not None and holder is not obj:
            raise NameTaken(name, holder)
        entry = self._entries.get(obj.key)
        if entry is None or entry[0] is not obj:
            raise ObjectGone(self.object_type.name, obj.key)
        with self.edition:
            self._by_name[name] = obj
            self._entries[obj.key] = obj, name
        obj.label = name
        return entry[1]

    def _leave_name(self, obj: Guarded[S], name: str) -> None:
        """Under the lock: leave a name to others, unless the object still has it."""
        if self._by_name.get(name) is obj and self._entries.get(obj.key) != (obj, name):
            del self._by_name[name]

    def remove(self, obj: Guarded[S]) -> None:
        """Forget an object that was retired under its own lock; that lock is no longer held. Idempotent."""
        with self._lock:
            entry = self._entries.get(obj.key)
            if entry is None or entry[0] is not obj:
                return
            with self.edition:
                self._order = None
                del self._entries[obj.key]
                del self._by_name[entry[1]]

    def snapshot(self) -> tuple[Guarded[S], ...]:
        """All objects, in the order of their making, none locked."""
        order = self._order  # noqa: VL004  a tuple is replaced whole; made under the lock below
        if order is not None:
            return order
        with self._lock:
            if self._order is None:
                self._order = tuple([obj for obj, _ in self._entries.values()])
            return self._order

    def __iter__(self) -> Iterator[Guarded[S]]:
        return iter(self.snapshot())

    def __len__(self) -> int:
        return len(self.snapshot())
