"""What hypervisor drivers ask for: where a guest's volume is, what it is based on, and leases on it.

See `virtloom.driver.disks` for the interface.
"""

from __future__ import annotations

from virtloom_storage.volumes.work import VolumeWork


class VolumesForGuests(VolumeWork):
    """Disks of guests."""
