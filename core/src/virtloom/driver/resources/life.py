"""How a network or a pool comes, is kept on disk, and goes.

Each step takes a job on it, so that steps come one after the other; its lock is held only to look at its state and to
change it, never while a file is written. Whether it is to be no more is judged at the end of a step, before the next
one can begin: else it could be taken from under the feet of whoever just defined it anew.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, Generic, Protocol, TypeVar

from virtloom.driver.collections import NameTaken
from virtloom.driver.files.store import DefinitionStore
from virtloom.driver.host import DriverHost
from virtloom.driver.resources.collection import Resources
from virtloom.driver.resources.refusals import name_is_taken, uuid_is_taken
from virtloom.errors import VirtError
from virtloom.locks import Guarded, JobKind, ObjectGone


class ResourceState(Protocol):
    """What the state of one has at the least.

    :ivar definition: has a `name` and a `uuid`; immutable, replaced whole.
    :ivar persistent: whether it is kept on disk. :ivar autostart: whether it starts with the host.
    """

    definition: Any
    active: bool
    persistent: bool
    autostart: bool

    def view(self) -> Any:
        """The immutable snapshot of it that queries read."""


S = TypeVar("S", bound=ResourceState)


class ResourceLife(ABC, Generic[S]):
    """What drivers of resources have in common; a driver derives from it.

    :param host: what the daemon gives to the plugin.
    :param resources: all of them.
    """

    def __init__(self, host: DriverHost, resources: Resources[S]) -> None:
        self.host = host
        self._all = resources
        self._kept = host.store()
        self._autostarts = host.store("autostart").folder
        self._running = DefinitionStore(host.dirs.runtime)

    # What a driver adds.

    @abstractmethod
    def _new_state(self, definition: Any) -> S:
        """The state of a new one."""

    def _changed(self, state: S) -> None:
        """Note what a change means for others, under its lock."""

    def _let_go(self, state: S) -> None:
        """Let go of what is noted of one that is to be no more, under its lock."""

    # Steps.

    @contextmanager
    def _changing(self, found: Guarded[S]) -> Iterator[S]:
        """The state of one, to change; what is shown of it follows. The caller has a job on it, or needs none."""
        with found.locked() as state:
            yield state
            self._changed(state)
            found.publish(state.view())

    @contextmanager
    def _step(self, found: Guarded[S], kind: JobKind = JobKind.MODIFY, api: str | None = None) -> Iterator[None]:
        """A job on one for the length of a block; if it is then neither active nor kept, it is no more.

        :param api: what the job is for, if not for the thread's call.
        :raises ObjectGone: it is no more already.
        """
        with found.job(kind, api):
            try:
                yield
            finally:
                self._forget_if_nothing(found)

    def _forget_if_nothing(self, found: Guarded[S]) -> None:
        with found.locked() as state:
            gone = not state.active and not state.persistent
            if gone:
                self._let_go(state)
                found.retire()
        if gone:
            self._all.remove(found)

    @contextmanager
    def _obtained(self, definition: Any) -> Iterator[Guarded[S]]:
        """The one of a definition, made if there is none, with a job on it for the length of a block.

        :raises VirtError: OPERATION_FAILED if its name or its uuid is another's.
        """
        with ExitStack() as end:
            found = self._taken(definition, end)
            self._refuse_other_name(found, definition)
            yield found

    def _taken(self, definition: Any, end: ExitStack) -> Guarded[S]:
        while True:
            found = self._place(definition)
            with suppress(ObjectGone):
                end.enter_context(self._step(found))
                return found
            self._all.remove(found)  # it went between the look-up and the job: make it anew

    def _place(self, definition: Any) -> Guarded[S]:
        try:
            return self._all.obtain(definition.uuid, definition.name, lambda: self._new_state(definition))[0]
        except NameTaken as taken:
            raise name_is_taken(self._all.noun.kind, taken, self._all.noun.domain) from None

    def _refuse_other_name(self, found: Guarded[S], definition: Any) -> None:
        with found.locked() as state:
            name = state.definition.name
        if name != definition.name:
            raise uuid_is_taken(self._all.noun.kind, name, definition.uuid, self._all.noun.domain)

    # Files.

    def _forget_files(self, name: str) -> None:
        """Remove a definition from disk, and the link that marks it as to be started with the host.

        :raises VirtError: SYSTEM_ERROR.
        """
        self._kept.link(name, self._autostarts, False, self._all.noun.domain)
        self._kept.remove(name)

    def _set_autostart(self, found: Guarded[S], wanted: bool, transient: VirtError) -> None:
        """Mark one as to be started with the host, or not, as libvirt does: by a link to its definition.

        :param transient: what one is refused with that is not kept.
        :raises VirtError: SYSTEM_ERROR.
        """
        with found.job(JobKind.MODIFY):
            with found.locked() as state:
                if not state.persistent:
                    raise transient
                name = state.definition.name
            self._kept.link(name, self._autostarts, wanted, self._all.noun.domain)
            with self._changing(found) as state:
                state.autostart = wanted
