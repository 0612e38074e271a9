"""Where the host's devices are seen: as a parameter, so that a made tree can stand for it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Host(NamedTuple):
    """The folders of one host.

    :ivar sysfs: see sysfs(5); :ivar dev: where the devices' nodes are.
    """

    sysfs: Path = Path("/sys")
    dev: Path = Path("/dev")

    @property
    def has_vfio(self) -> bool:
        """Whether programs can be given devices (`/dev/vfio/vfio`)."""
        return (self.dev / "vfio" / "vfio").exists()

    @property
    def has_iommu(self) -> bool:
        """Whether the kernel keeps devices apart that are given away (`virHostHasIOMMU`)."""
        try:
            return any((self.sysfs / "kernel" / "iommu_groups").iterdir())
        except OSError:
            return False

    @property
    def gives_pci(self) -> bool:
        """Whether devices on the PCI can be given to guests (`qemuHostdevHostSupportsPassthroughVFIO`)."""
        return self.has_iommu and self.has_vfio
