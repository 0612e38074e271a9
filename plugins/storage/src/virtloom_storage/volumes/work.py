"""How something is done to a volume: its turn is waited for, and its use is noted in its pool.

A turn is a job on the volume: who changes it comes after those who asked before, and waits no longer than a job is
waited for. A claim says in the pool's state who uses which volume; it lasts as long as the use, which for a stream is
longer than the call. The pool's lock is held only to note it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from virtloom.driver.handles import StorageVolHandle
from virtloom.driver.work.lanes import Pulse
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.locks import Guarded, JobKind, ObjectGone, current_call
from virtloom_storage.backends.base import Backend
from virtloom_storage.leases import names_of
from virtloom_storage.pools.base import PoolsBase, invalid, require_active
from virtloom_storage.pools.state import Claim, Entry, PoolState, View


class Work(NamedTuple):
    """What a worker on a volume has: its pool, how the pool was when it began, the volume, and its claim."""

    pool: Guarded[PoolState]
    view: View
    entry: Entry
    claim: Claim
    backend: Backend


def no_volume(detail: str) -> VirtError:
    """The error for a volume that there is not."""
    return VirtError(ErrorCode.NO_STORAGE_VOL, detail, ErrorDomain.STORAGE)


class VolumeWork(PoolsBase):
    """The brackets around everything that is done to volumes."""

    def _pool_of(self, vol: StorageVolHandle) -> Guarded[PoolState]:
        """The pool of a volume, by its name, as libvirt has it; it must be active."""
        pool = self.pools.need_name(vol.pool)
        require_active(pool.published)
        return pool

    def _entry_of(self, vol: StorageVolHandle) -> tuple[View, Entry]:
        """A volume as it was at its last change, and its pool; takes no lock."""
        view: View = self._pool_of(vol).published
        return view, entry_in(view, vol.name)

    @contextmanager
    def _working(self, vol: StorageVolHandle) -> Iterator[Work]:
        """A volume for oneself, for the length of a block.

        :raises VirtError: NO_STORAGE_VOL if there is none, OPERATION_INVALID if a stream, a copy or a guest uses it.
        """
        pool = self._pool_of(vol)
        entry = entry_in(pool.published, vol.name)
        try:
            with entry.turn.job(JobKind.WORK) as job:
                work = self._claim(pool, vol.name, exclusive=True, pulse=Pulse(job))
                try:
                    yield work
                finally:
                    self._unclaim(pool, work.claim)
        except ObjectGone as gone:
            raise no_volume(f"no storage vol with matching name '{vol.name}'") from gone

    def _claimed_after_others(self, vol: StorageVolHandle, *, exclusive: bool) -> Work:
        """A claim that outlives the call, made when those who work on the volume now have ended."""
        pool = self._pool_of(vol)
        entry = entry_in(pool.published, vol.name)
        try:
            with entry.turn.job(JobKind.QUERY):
                return self._claim(pool, vol.name, exclusive=exclusive)
        except ObjectGone as gone:
            raise no_volume(f"no storage vol with matching name '{vol.name}'") from gone

    def _claim(self, pool: Guarded[PoolState], name: str, *, exclusive: bool, pulse: Pulse | None = None) -> Work:
        names = self._names(pool.published, name) if exclusive else frozenset()
        with self._changing(pool) as state:
            require_open(state)
            entry = state.volumes.get(name)
            if entry is None:
                raise no_volume(f"no storage vol with matching name '{name}'")
            self._refuse_use(state, name, exclusive, names)
            claim = new_claim(name, exclusive=exclusive, pulse=pulse)
            state.claims = (*state.claims, claim)
            view = state.view()
        return Work(pool, view, entry, claim, self.backends.of(view.definition.type))

    @staticmethod
    def _names(view: View, name: str) -> frozenset[str]:
        """What a guest may call a volume by."""
        path = entry_in(view, name).volume.path
        return view.context.io(lambda: names_of(path), f"cannot access volume '{name}'")

    def _refuse_use(self, state: PoolState, name: str, exclusive: bool, names: frozenset[str]) -> None:
        """Refuse a use that another one rules out, in libvirt's words; the hint says which.

        :param names: what guests may call it by, none of whom may use it.
        """
        others = [str(claim) for claim in state.claims if claim.volume == name and (exclusive or claim.exclusive)]
        holders = others + sorted({str(lease.owner) for lease in self.leases.on(names)})
        if holders:
            error = invalid(f"volume '{name}' is still in use.")
            error.hint = f"it is used by {'; '.join(holders)}"
            raise error

    def _unclaim(self, pool: Guarded[PoolState], claim: Claim) -> None:
        with self._changing(pool) as state:
            state.claims = tuple(other for other in state.claims if other is not claim)


def entry_in(view: View | PoolState, name: str) -> Entry:
    """A volume of a pool.

    :raises VirtError: NO_STORAGE_VOL.
    """
    entry = view.volumes.get(name)
    if entry is None:
        raise no_volume(f"no storage vol with matching name '{name}'")
    return entry


def require_open(state: PoolState) -> None:
    """Refuse a pool that is not active, or is being stopped."""
    require_active(state)
    if state.closing:
        raise invalid(f"storage pool '{state.definition.name}' is being stopped")


def new_claim(name: str, *, exclusive: bool, pulse: Pulse | None = None) -> Claim:
    """A claim for the call of this thread."""
    call = current_call()
    api, client = (call.api or "the daemon", call.client or "none") if call is not None else ("the daemon", "none")
    return Claim(name, exclusive, api, client, time.monotonic(), pulse or Pulse())


def handle_of(view: View, entry: Entry) -> StorageVolHandle:
    """How clients name a volume."""
    return entry.handle(view.definition.name)
