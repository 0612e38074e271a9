"""What QEMU could not run, in libvirt's words (`qemuValidateDomainDef`)."""

from __future__ import annotations

from virtloom_qemu.definition.guest import Guest
from virtloom_qemu.settings import Settings


def check(guest: Guest, settings: Settings) -> None:
    """Refuse what QEMU could not run."""
