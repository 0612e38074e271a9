"""Processors and other threads of guests: how many there are, and on which of the host's processors they run."""

from virtloom_qemu.domains.processors.counting import Counting
from virtloom_qemu.domains.processors.iothreads import IoThreads


class Processors(Counting, IoThreads):
    """All calls about them."""


__all__ = ["Processors"]
