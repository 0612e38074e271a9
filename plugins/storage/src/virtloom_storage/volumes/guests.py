"""What guests use: noted for hypervisor drivers, and held against what is done to volumes at the same moment.

A use is noted first and the claims are looked at after; who works on a volume notes its claim and looks at the uses
under the pool's lock. So of two that come at once at least one sees the other.
"""

from __future__ import annotations

from collections.abc import Iterable

from virtloom.driver.handles import DomainHandle
from virtloom.driver.images import ImageUse
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.locks import ObjectGone
from virtloom_storage.leases import Owner, names_of, only_said
from virtloom_storage.pools.state import Claim
from virtloom_storage.volumes.work import VolumeWork


class VolumeGuests(VolumeWork):
    """Leases."""

    def lease_images(self, owner: DomainHandle, uses: Iterable[ImageUse], *, running: bool = False) -> None:
        """See `StorageDriver.lease_images`."""
        holder = Owner.of(owner)
        # The storage of a guest that runs may hang by now, and whoever tells of its images must not hang with it.
        names = self.leases.names(holder, only_said if running else names_of)
        named = [ImageUse(name, use.use) for use in uses for name in names(use.path)]
        former = self.leases.hold(holder, named, running=running)
        claim = None if running else self._claim_on({use.path for use in named})
        if claim is not None:
            self.leases.put_back(holder, former)
            path, what = claim
            raise VirtError(ErrorCode.RESOURCE_BUSY, f"'{path}' is in use by {what}", ErrorDomain.STORAGE)

    def _claim_on(self, paths: set[str]) -> tuple[str, Claim] | None:
        """Who has one of some volumes for himself."""
        for pool in self.pools:
            try:
                with pool.locked() as state:
                    claims, volumes = state.claims, state.volumes
            except ObjectGone:
                continue
            for claim in claims:
                entry = volumes.get(claim.volume)
                if claim.exclusive and entry is not None and entry.volume.path in paths:
                    return entry.volume.path, claim
        return None

    def release_images(self, owner: DomainHandle) -> None:
        """See `StorageDriver.release_images`."""
        self.leases.release(Owner.of(owner))
