"""Secrets of images: passwords of servers, keys of encrypted images (`qemuDomainSecretInfo`).

QEMU is given them encrypted with the run's master key, so that nobody who can see its arguments can read them.
"""

from __future__ import annotations

from virtloom_qemu.command.block.image import Image
from virtloom_qemu.command.line import CommandLine


def add_secrets(line: CommandLine, image: Image) -> None:
    """Add the objects that an image's nodes name."""
