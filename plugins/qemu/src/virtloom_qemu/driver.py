"""The driver, put together from its parts; each part is a file that says what it is about."""

from __future__ import annotations

from virtloom_qemu.domains.base import DomainsBase


class QemuDriver(DomainsBase):
    """QEMU's guests on this host."""
