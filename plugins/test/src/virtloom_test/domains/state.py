"""The state of one domain of the test driver: what every domain has, and what is played."""

from __future__ import annotations

from dataclasses import dataclass, field

from virtloom.driver.domains import DomainState


@dataclass
class TestDomain(DomainState):
    """One domain.

    :ivar clock: the guest's time, in seconds and nanoseconds.
    :ivar frozen: whether each of its file systems is frozen.
    """

    __test__ = False  # the name begins as pytest's classes do

    clock: tuple[int, int] = (627319920, 0)
    frozen: dict[str, bool] = field(default_factory=lambda: {"/": False, "/boot": False})
    iothreads: dict[int, dict[str, int]] = field(default_factory=dict)
