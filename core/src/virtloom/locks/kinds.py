"""The kinds of jobs, and which may run at the same time: a table.

Guarantees: the table is complete: each kind has a slot, and each asynchronous kind says what may run inside
it. The names and sets follow libvirt's domain jobs (`virDomainJob`, `virDomainAsyncJob` and the masks of its
qemu driver).
"""

from __future__ import annotations

from enum import Enum


class Slot(Enum):
    """Where a job sits; each slot of an object has one owner at most."""

    SYNC = "monitor"
    ASYNC = "async"
    AGENT = "agent"


class JobKind(Enum):
    """What a job is for."""

    QUERY = "query"
    DESTROY = "destroy"
    SUSPEND = "suspend"
    MODIFY = "modify"
    ABORT = "abort"
    MIGRATION_STEP = "migration step"

    START = "start"
    SAVE = "save"
    DUMP = "dump"
    SNAPSHOT = "snapshot"
    MIGRATE_OUT = "migrate out"
    MIGRATE_IN = "migrate in"
    BACKUP = "backup"
    BLOCK_JOB = "block job"
    WORK = "work"

    AGENT_QUERY = "agent query"
    AGENT_MODIFY = "agent modify"

    slot: Slot  # where a job of this kind sits


# What ends the work of others, and so their waits.
ENDING = frozenset({JobKind.DESTROY, JobKind.ABORT})

_WATCH = frozenset({JobKind.QUERY, JobKind.DESTROY, JobKind.ABORT})

# For each asynchronous kind, the synchronous ones that other threads may start while it runs.
ALLOWED_INSIDE: dict[JobKind, frozenset[JobKind]] = {
    JobKind.START: frozenset({JobKind.DESTROY}),
    JobKind.SAVE: _WATCH,
    JobKind.DUMP: _WATCH,
    JobKind.SNAPSHOT: _WATCH,
    JobKind.MIGRATE_OUT: _WATCH | {JobKind.SUSPEND, JobKind.MIGRATION_STEP},
    JobKind.MIGRATE_IN: frozenset({JobKind.DESTROY, JobKind.MIGRATION_STEP}),
    JobKind.BACKUP: _WATCH | {JobKind.SUSPEND, JobKind.MODIFY},
    JobKind.BLOCK_JOB: _WATCH | {JobKind.SUSPEND, JobKind.MODIFY},
    # What takes long on an object that is no domain (a volume is copied, wiped): nothing else, but it can be aborted.
    JobKind.WORK: frozenset(),
}

for _kind in JobKind:
    # A plain attribute of each member: a property would cost every job a call.
    _kind.slot = Slot.ASYNC if _kind in ALLOWED_INSIDE else Slot.SYNC
JobKind.AGENT_QUERY.slot = JobKind.AGENT_MODIFY.slot = Slot.AGENT

# For each slot, those in which a thread's own job would keep the thread waiting for itself.
HELD_UP_BY: dict[Slot, tuple[Slot, ...]] = {
    Slot.SYNC: (Slot.SYNC,),
    Slot.ASYNC: (Slot.SYNC, Slot.ASYNC),
    Slot.AGENT: (Slot.AGENT,),
}
