"""Where other threads are: seen in their frames where a global lock keeps them still, told by themselves elsewhere."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from virtloom.locks.context import THREADS, ThreadRecord
from virtloom.locks.watching import stacks


@pytest.fixture(params=[True, False], ids=["frozen", "running"])
def frozen(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the other threads stand still; where they do not, their frames must not be touched."""
    if request.param and not stacks.FROZEN:
        pytest.skip("threads run at once in this interpreter")
    monkeypatch.setattr(stacks, "FROZEN", request.param)
    if not request.param:
        monkeypatch.delattr(sys, "_current_frames")
    return bool(request.param)


def names(stack: Any) -> list[str]:
    return [site.function.rsplit(".", 1)[-1] for site in stack]


@pytest.mark.usefixtures("frozen")
def test_a_thread_that_waits_for_a_lock_is_where_it_takes_it(recording: Any, crew: Any, until: Any) -> None:
    records: list[ThreadRecord] = []

    def work() -> None:
        records.append(THREADS.me)
        with recording.domain.locked():
            pass

    with recording.domain.locked():
        crew.start(work)
        until(lambda: recording.domain.lock.waiters != ())
        until(lambda: names(stacks.stack_of_thread(records[0]))[:1] == ["work"])
        assert "work" in names(stacks.stacks(50)[records[0].thread.ident or 0])
    crew.join()


def test_a_thread_that_runs_is_seen_only_if_it_stands_still(frozen: bool) -> None:
    seen = names(stacks.stack_of_thread(THREADS.me))
    assert ("test_a_thread_that_runs_is_seen_only_if_it_stands_still" in seen) == frozen


@pytest.mark.usefixtures("frozen")
def test_nothing_is_known_of_a_thread_that_has_ended(crew: Any) -> None:
    records: list[ThreadRecord] = []
    crew.start(lambda: records.append(THREADS.me))
    crew.join()
    assert stacks.stack_of_thread(records[0]) == ()
