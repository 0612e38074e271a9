"""What a daemon finds when it starts: pools that are kept, pools that were active, pools that are to start with it.

Each pool is looked at by itself, so that one on a dead disk holds up no other; calls are served meanwhile.
"""

from __future__ import annotations

from concurrent.futures import Future, wait

from virtloom.errors import VirtError
from virtloom.locks import Guarded, JobKind, ObjectGone
from virtloom.xmldef.storage.pool import Pool, parse_pool
from virtloom_storage.pools.life import PoolLife
from virtloom_storage.pools.state import PoolState

PATIENCE = 3.0  # seconds that a start waits for pools to be active again; the others follow later


class PoolRecovery(PoolLife):
    """Loading what was kept."""

    def recover(self) -> None:
        """Load all pools, and make those active that were or are to be."""
        for _, definition in self._running.load(parse_pool):
            self._loaded(definition, persistent=False)
        for name, definition in self._kept.load(parse_pool):
            self._loaded(definition, persistent=True, autostart=(self._autostarts / f"{name}.xml").is_symlink())
        was_active = {name for name, _ in self._running.load(parse_pool)}
        starting = self.host.first_start_of_boot()
        tasks = [self._recovery(pool, was_active, starting) for pool in self.pools]
        wait([task for task in tasks if task is not None], PATIENCE)

    def _loaded(self, definition: Pool, *, persistent: bool, autostart: bool = False) -> None:
        try:
            self._sources.claim(definition)
            pool = self._obtain(definition)
        except VirtError as error:
            self.host.log.error("the storage pool %s cannot be loaded: %s", definition.name, error)
            return
        with self._changing(pool) as state:
            if persistent and not state.persistent and state.definition != definition:
                state.later = definition  # what it was started with differs from what is kept
            state.persistent = state.persistent or persistent
            state.autostart = state.autostart or autostart

    def _recovery(self, pool: Guarded[PoolState], was_active: set[str], starting: bool) -> Future[None] | None:
        view = pool.published
        if view.definition.name in was_active:
            return self.host.background(lambda: self._resume(pool))
        if view.autostart and starting:
            return self.host.background(lambda: self._autostart(pool))
        return None

    def _resume(self, pool: Guarded[PoolState]) -> None:
        """Make a pool active again that was when the last daemon ended."""
        with pool.job(JobKind.MODIFY, "recovery"):
            view = pool.published
            definition = view.definition
            try:
                backend = self.backends.of(definition.type)
                if not backend.is_active(view.context, definition):
                    raise LookupError(f"the storage of pool {definition.name} is not there any more")
                backend.start(view.context, definition)
                self._open(pool, backend, definition)
            except (VirtError, LookupError, OSError) as error:
                self.host.log.warning("storage pool %s is not active again: %s", definition.name, error)
                self._running.remove(definition.name)
                with self._changing(pool) as state:
                    state.deactivate()
        self._forget_if_nothing(pool)

    def _autostart(self, pool: Guarded[PoolState]) -> None:
        try:
            with pool.job(JobKind.MODIFY, "autostart"):
                self._require_at_rest(pool)
                self._start(pool, None)
        except (VirtError, ObjectGone) as error:
            self.host.log.error("Failed to autostart storage pool '%s': %s", pool.published.definition.name, error)
