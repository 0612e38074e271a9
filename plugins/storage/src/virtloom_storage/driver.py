"""The driver, put together from its parts."""

from __future__ import annotations

from virtloom_storage.pools.lookup import PoolLookup
from virtloom_storage.pools.recovery import PoolRecovery
from virtloom_storage.pools.sources import PoolSources
from virtloom_storage.volumes.guests import VolumeGuests
from virtloom_storage.volumes.lookup import VolumeLookup
from virtloom_storage.volumes.making import VolumeMaking
from virtloom_storage.volumes.transfer import VolumeTransfer


class HostStorage(PoolLookup, PoolSources, VolumeLookup, VolumeMaking, VolumeTransfer, VolumeGuests, PoolRecovery):
    """The host's pools and volumes (libvirt: `storageStorageDriver`)."""
