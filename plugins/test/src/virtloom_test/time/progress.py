"""What is told of a job: which operation it is, for how long it has run, and how far it is."""

from __future__ import annotations

from virtloom.driver.constants.domain_job import DomainJobOperation as Operation
from virtloom.driver.params import TypedParam, int_, ullong
from virtloom.locks import Job, JobKind

OPERATIONS = {
    JobKind.START: Operation.START,
    JobKind.SAVE: Operation.SAVE,
    JobKind.DUMP: Operation.DUMP,
    JobKind.SNAPSHOT: Operation.SNAPSHOT,
    JobKind.MIGRATE_OUT: Operation.MIGRATION_OUT,
    JobKind.MIGRATE_IN: Operation.MIGRATION_IN,
}
# Those that a function names more exactly than its job's kind does.
BY_FUNCTION = {
    "virDomainRestore": Operation.RESTORE,
    "virDomainRestoreFlags": Operation.RESTORE,
    "virDomainRestoreParams": Operation.RESTORE,
    "virDomainRevertToSnapshot": Operation.SNAPSHOT_REVERT,
}
# The sizes of a job's progress, in bytes; the typed parameters have the same names.
SIZES = tuple(f"{what}_{part}" for what in ("data", "memory", "disk") for part in ("total", "processed", "remaining"))


def stats(job: Job) -> list[TypedParam]:
    """What is told of a job."""
    params = [
        int_("operation", BY_FUNCTION.get(job.api, OPERATIONS.get(job.kind, Operation.UNKNOWN))),
        ullong("time_elapsed", int(job.age * 1000)),
    ]
    if job.progress.remaining_ms is not None:
        params.append(ullong("time_remaining", job.progress.remaining_ms))
    known = ((name, getattr(job.progress, name)) for name in SIZES)
    return [*params, *(ullong(name, value) for name, value in known if value is not None)]
