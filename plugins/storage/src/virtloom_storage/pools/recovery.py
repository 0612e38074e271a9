"""What a daemon finds when it starts: pools that are kept, pools that were active, pools that are to start with it.

Each pool is looked at by itself, so that one on a dead disk holds up no other; calls are served meanwhile.
"""

from __future__ import annotations

from contextlib import suppress

from virtloom.errors import VirtError
from virtloom.locks import Guarded
from virtloom.xmldef.storage.pool import Pool, parse_pool
from virtloom_storage.pools.life import PoolLife
from virtloom_storage.pools.state import PoolState


class PoolRecovery(PoolLife):
    """Loading what was kept."""

    def recover(self) -> None:
        """Load all pools, and make those active that were or are to be."""
        self._recover(parse_pool)

    def _load_running(self, state: PoolState, definition: Pool) -> None:
        """It is active once its storage was looked at."""

    def _load_kept(self, state: PoolState, definition: Pool) -> None:
        if state.definition != definition:
            state.later = definition  # what it was started with differs from what is kept

    def _resume(self, pool: Guarded[PoolState]) -> None:
        """Make a pool active again that was when the last daemon ended."""
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
            with suppress(VirtError):
                self._running.remove(definition.name)
            with self._changing(pool) as state:
                state.deactivate()

    def _start_kept(self, pool: Guarded[PoolState]) -> None:
        self._require_at_rest(pool)
        self._start(pool, None)
