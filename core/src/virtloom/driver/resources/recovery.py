"""What a daemon finds when it starts: what is kept, what was active, and what is to start with the host.

Each network or pool is looked at by itself, so that one that hangs holds up no other; calls are served meanwhile.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from concurrent.futures import Future, wait
from functools import partial
from typing import Any

from virtloom.driver.resources.life import ResourceLife, S
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import Guarded, ObjectGone

PATIENCE = 3.0  # seconds that a driver's start waits for what is to be active; the others follow later


class ResourceRecovery(ResourceLife[S]):
    """Loading what was kept."""

    def _admit(self, definition: Any) -> None:
        """Refuse one that cannot be beside the others, and note it for theirs.

        :raises VirtError: as the driver has it.
        """

    @abstractmethod
    def _load_running(self, state: S, definition: Any) -> None:
        """Put in what one was started with."""

    @abstractmethod
    def _load_kept(self, state: S, definition: Any) -> None:
        """Put in what is kept of one, after what it was started with if it was."""

    @abstractmethod
    def _resume(self, found: Guarded[S]) -> None:
        """Look after one that was active when the last daemon ended; a job on it is held."""

    @abstractmethod
    def _start_kept(self, found: Guarded[S]) -> None:
        """Start one that is kept; a job on it is held."""

    def _recover(self, parse: Callable[[str], Any]) -> None:
        """Load all, and start those that were active or are to be.

        :param parse: makes a definition of a file's text.
        """
        running = dict(self._running.load(parse))
        for name, definition in running.items():
            self._loaded(name, definition, self._load_running)
        for name, definition in self._kept.load(parse):
            self._loaded(name, definition, self._assign_kept)
        starting = self.host.first_start_of_boot()
        tasks = [self._beginning(found, set(running), starting) for found in self._all]
        wait([task for task in tasks if task is not None], PATIENCE)

    def _loaded(self, name: str, definition: Any, assign: Callable[[S, Any], None]) -> None:
        what = self._all.noun.what
        try:
            if name != definition.name:
                raise VirtError(ErrorCode.INTERNAL_ERROR, f"its file is named '{name}'", self._all.noun.domain)
            self._admit(definition)
            found = self._place(definition)
            self._refuse_other_name(found, definition)
        except VirtError as error:
            self.host.log.error("the %s '%s' cannot be loaded: %s", what, definition.name, error)
            return
        with self._changing(found) as state:
            assign(state, definition)

    def _assign_kept(self, state: S, definition: Any) -> None:
        self._load_kept(state, definition)
        state.persistent = True
        state.autostart = self._kept.is_linked(definition.name, self._autostarts)

    def _beginning(self, found: Guarded[S], running: set[str], starting: bool) -> Future[None] | None:
        view = found.published
        if view.definition.name in running:
            return self.host.background(partial(self._recovered, found))
        if view.autostart and starting:
            return self.host.background(partial(self._autostarted, found))
        return None

    def _recovered(self, found: Guarded[S]) -> None:
        with self._step(found, api="recovery"):
            self._resume(found)

    def _autostarted(self, found: Guarded[S]) -> None:
        try:
            with self._step(found, api="autostart"):
                self._start_kept(found)
        except (VirtError, ObjectGone) as error:
            name = found.published.definition.name
            self.host.log.error("Failed to autostart %s '%s': %s", self._all.noun.what, name, error)
