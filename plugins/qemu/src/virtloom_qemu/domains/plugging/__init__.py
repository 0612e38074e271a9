"""Devices that are attached, detached and changed, while the guest runs, at its next start, or both."""

from virtloom_qemu.domains.plugging.attaching import Attaching
from virtloom_qemu.domains.plugging.detaching import Detaching
from virtloom_qemu.domains.plugging.updating import Updating


class Plugging(Attaching, Detaching, Updating):
    """All calls for devices that come, go and change."""


__all__ = ["Plugging"]
