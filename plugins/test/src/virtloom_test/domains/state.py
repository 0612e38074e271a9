"""The state of one domain of the test driver: what every domain has, and what is played."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from virtloom.driver.domains import DomainState
from virtloom.driver.params import TypedParam


@dataclass
class TestDomain(DomainState):
    """One domain.

    :ivar clock: the guest's time, in seconds and nanoseconds.
    :ivar frozen: whether each of its file systems is frozen.
    :ivar block_jobs: its block jobs by the disk's name (`work.block_jobs.BlockJob`).
    :ivar last_job: what is told of the job that has ended last (`virDomainGetJobStats`).
    :ivar outgoing: incoming: whether it is leaving or arriving; :ivar resumes: whether it ran before it left.
    :ivar migrate_speed: in MiB/s; :ivar migrate_downtime: in ms.
    """

    __test__ = False  # the name begins as pytest's classes do

    clock: tuple[int, int] = (627319920, 0)
    frozen: dict[str, bool] = field(default_factory=lambda: {"/": False, "/boot": False})
    iothreads: dict[int, dict[str, int]] = field(default_factory=dict)
    block_jobs: dict[str, Any] = field(default_factory=dict)
    last_job: list[TypedParam] | None = None
    outgoing: bool = False
    incoming: bool = False
    resumes: bool = False
    migrate_speed: int = 8796093022207
    migrate_downtime: int = 300
