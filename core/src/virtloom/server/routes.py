"""A procedure as the server serves it: in which lane its calls go, and whether they have been quick."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from virtloom.server.arguments import decoder
from virtloom.wire.programs import Procedure, Program

# The calls that overtake: without them nobody could watch or end the job that the client's own call runs.
OVERTAKING = frozenset(
    {
        "domain_abort_job",
        "domain_abort_job_flags",
        "domain_get_job_info",
        "domain_get_job_stats",
        "domain_block_job_abort",
        "domain_get_block_job_info",
        "domain_block_job_set_speed",
        "domain_migrate_set_max_downtime",
        "domain_migrate_get_max_downtime",
        "domain_migrate_set_max_speed",
        "domain_migrate_get_max_speed",
        "domain_migrate_start_post_copy",
    }
)
QUICK = 0.001  # seconds that a quick call takes at most
TRUSTED = 3  # quick calls in a row after which the reader serves the next ones
DISTRUST = 100  # quick calls that it takes to be trusted again after one that kept the reader from reading
# Quick calls in a row before one that was late by chance, as when the garbage collector came by: it is forgiven.
FORGIVEN = 500


class Route:
    """A procedure that clients call.

    :ivar program: procedure: what is called; None where there is no such program or procedure.
    :ivar decode: makes a call's arguments of its payload.
    :ivar overtakes: whether it goes past the client's other calls.
    :ivar urgent: whether it goes to the workers for what is urgent.
    :ivar streak: how many calls in a row were quick; kept without a lock, since a count that is one off does no harm.
    :ivar quick: whether its calls have been quick, so that the reader may serve them.
    """

    __slots__ = ("_plain", "decode", "overtakes", "procedure", "program", "quick", "streak", "urgent")

    def __init__(self, program: Program | None, procedure: Procedure | None) -> None:
        self.program = program
        self.procedure = procedure
        self.decode: Callable[[bytes], Any] = self._decode_first
        self.overtakes = procedure is not None and procedure.snake in OVERTAKING
        self.urgent = procedure is not None and (procedure.priority or self.overtakes)
        self._plain = procedure is not None and procedure.stream is None and not procedure.fds
        self.streak = 0
        self.quick = False

    def _decode_first(self, payload: bytes) -> Any:
        assert self.procedure is not None
        self.decode = decoder(self.procedure)  # now: of four hundred procedures few are ever called
        return self.decode(payload)

    def took(self, seconds: float) -> None:
        """A worker has served a call."""
        self.streak = self.streak + 1 if seconds <= QUICK else min(self.streak, 0)
        self.quick = self.streak >= TRUSTED and self._plain

    def was_late(self) -> None:
        """A call kept the reader from reading."""
        self.streak = 0 if self.streak > FORGIVEN else -DISTRUST
        self.quick = False
