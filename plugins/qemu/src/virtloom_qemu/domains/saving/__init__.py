"""A domain put on disk and brought back: save and restore, managed save, core dumps."""

from __future__ import annotations

from virtloom_qemu.domains.saving.crashing import Crashing
from virtloom_qemu.domains.saving.images import SavedImages
from virtloom_qemu.domains.saving.restoring import Restoring
from virtloom_qemu.domains.saving.writing import Writing


class Saving(Writing, Restoring, SavedImages, Crashing):
    """The calls that write a domain to disk, and those that read it."""
