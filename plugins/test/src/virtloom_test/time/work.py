"""Work on what has no jobs of its own: volumes that are being made or wiped."""

from __future__ import annotations

from virtloom.errors import ErrorCode, VirtError


class Work:
    """One piece of work, reported on and aborted as a job is.

    :param what: what is being done, for the error.
    :ivar done: bytes that are done.
    """

    def __init__(self, what: str) -> None:
        self.what = what
        self.done = 0
        self._ended_by: str | None = None

    def report(self, **fields: int | None) -> None:
        """Say how far it is."""
        self.done = fields.get("data_processed") or 0

    def abort(self, reason: str) -> None:
        """Ask it to stop."""
        self._ended_by = reason

    def check(self) -> None:
        """Ask whether to go on.

        :raises VirtError: OPERATION_ABORTED.
        """
        if self._ended_by is not None:
            raise VirtError(ErrorCode.OPERATION_ABORTED, f"{self.what} was aborted: {self._ended_by}")
