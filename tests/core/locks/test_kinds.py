"""The table of jobs: what may run at the same time."""

from __future__ import annotations

from typing import Any

import pytest

from virtloom.locks import JobKind, JobTimeout
from virtloom.locks.kinds import ALLOWED_INSIDE, HELD_UP_BY, Slot

SYNC = [kind for kind in JobKind if kind.slot is Slot.SYNC]
ASYNC = [kind for kind in JobKind if kind.slot is Slot.ASYNC]
AGENT = [kind for kind in JobKind if kind.slot is Slot.AGENT]

# The table as a reader expects it, written out: a row is what runs, and names what another thread may start beside it.
BESIDE = {
    **dict.fromkeys(SYNC, "agent query, agent modify"),
    **dict.fromkeys(
        AGENT,
        "query, destroy, suspend, modify, abort, migration step, start, save, dump, snapshot, migrate out, migrate in, "
        "backup, block job, work",
    ),
    JobKind.START: "destroy, agent query, agent modify",
    JobKind.SAVE: "query, destroy, abort, agent query, agent modify",
    JobKind.DUMP: "query, destroy, abort, agent query, agent modify",
    JobKind.SNAPSHOT: "query, destroy, abort, agent query, agent modify",
    JobKind.MIGRATE_OUT: "query, destroy, suspend, abort, migration step, agent query, agent modify",
    JobKind.MIGRATE_IN: "destroy, migration step, agent query, agent modify",
    JobKind.BACKUP: "query, destroy, suspend, modify, abort, agent query, agent modify",
    JobKind.BLOCK_JOB: "query, destroy, suspend, modify, abort, agent query, agent modify",
    JobKind.WORK: "agent query, agent modify",
}


@pytest.mark.parametrize("running", list(JobKind))
def test_another_thread_starts_beside_a_job_what_the_table_allows(enforcing: Any, crew: Any, running: JobKind) -> None:
    started: list[str] = []

    def work() -> None:
        for wanted in JobKind:
            try:
                with enforcing.domain.job(wanted, timeout=0):
                    started.append(wanted.value)
            except JobTimeout:
                pass

    with enforcing.domain.job(running):
        crew.start(work)
        crew.join()
    assert ", ".join(started) == BESIDE[running]


@pytest.mark.parametrize("outer", ASYNC)
@pytest.mark.parametrize("inner", SYNC)
def test_the_thread_of_a_long_job_starts_any_short_one_inside_it(
    enforcing: Any, outer: JobKind, inner: JobKind
) -> None:
    with enforcing.domain.job(outer, timeout=0), enforcing.domain.job(inner, timeout=0):
        assert len(enforcing.domain.jobs.running) == 2


def test_the_allowed_set_of_a_long_job_may_be_given(enforcing: Any, crew: Any) -> None:
    def work() -> None:
        with enforcing.domain.job(JobKind.MODIFY, timeout=0):
            pass
        with pytest.raises(JobTimeout), enforcing.domain.job(JobKind.QUERY, timeout=0):
            pass

    with enforcing.domain.job(JobKind.SAVE, allowed=frozenset({JobKind.MODIFY})):
        crew.start(work)
        crew.join()


def test_the_tables_are_complete() -> None:
    assert set(ALLOWED_INSIDE) == set(ASYNC)
    assert all(kind.slot is Slot.SYNC for allowed in ALLOWED_INSIDE.values() for kind in allowed)
    assert set(HELD_UP_BY) == set(Slot)
    assert AGENT == [JobKind.AGENT_QUERY, JobKind.AGENT_MODIFY]
