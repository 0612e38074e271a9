"""What a back end is given to work with: a pool's lane, helper programs, secrets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from virtloom.driver.work.lanes import Lane, Pulse
from virtloom.errors import ErrorDomain, system_error
from virtloom.locks import Guarded
from virtloom_storage.images.prober import Prober
from virtloom_storage.programs import Programs
from virtloom_storage.secrets import Secrets

T = TypeVar("T")


@dataclass(frozen=True)
class Context:
    """One pool's means.

    :ivar lane: makes the system calls on its storage.
    :ivar programs: runs helper programs.
    :ivar secrets: finds the values of secrets.
    :ivar prober: tells what is in an image.
    :ivar deadline: seconds for the storage to answer.
    :ivar layout: whoever changes a table that all volumes share (of a disk's partitions) takes a job on it.
    :ivar is_volume: whether a path is that of a volume of any active pool.
    """

    lane: Lane
    programs: Programs
    secrets: Secrets
    prober: Prober
    deadline: float
    layout: Guarded[None]
    is_volume: Callable[[str], bool]

    def io(self, call: Callable[[], T], failing: str = "", pulse: Pulse | None = None) -> T:
        """Make system calls on the lane.

        :param failing: the beginning of the sentence for an OSError; without it the OSError itself is raised.
        :param pulse: for what takes long: the deadline then counts from its last beat.
        :raises VirtError: OPERATION_TIMEOUT if the storage does not answer, SYSTEM_ERROR for an OSError.
        """
        try:
            return self.lane.run(call, self.deadline, pulse)
        except OSError as error:
            if not failing:
                raise
            raise system_error(error, failing, ErrorDomain.STORAGE) from error
