"""Figures: histograms by powers of two of a microsecond, and what is counted of each class of locks."""

from __future__ import annotations

import gc
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from virtloom.locks import Level
from virtloom.locks.context import THREADS
from virtloom.locks.watching.figures import Durations, Tally

SECONDS = st.floats(min_value=0, max_value=1e6)


@given(st.lists(SECONDS))
def test_each_duration_is_counted_once_below_its_bound(durations: list[float]) -> None:
    counted = Durations()
    for seconds in durations:
        counted.add(seconds)
    assert counted.count == len(durations)
    for bound, below in counted.buckets():
        assert below == sum(int(seconds * 1e6) < round(bound * 1e6) for seconds in durations)


def test_nothing_counted_has_one_empty_bucket() -> None:
    assert Durations().buckets() == [(1e-6, 0)]


def test_holds_and_waits_are_counted_by_the_class_of_the_lock(recording: Any, crew: Any, until: Any) -> None:
    def work() -> None:
        with recording.domain.locked():
            pass

    with recording.other.locked():
        pass
    with recording.domain.locked():
        crew.start(work)
        until(lambda: len(recording.domain.lock.waiters) == 1)
    crew.join()
    (domains,) = [found for found in recording.checker.graph.classes() if found.name == "test domain"]
    assert (domains.held.sum().count, domains.waited.sum().count) == (3, 1)
    assert domains.held.sum().total > 0


def test_figures_outlive_their_locks(recording: Any) -> None:
    with recording.manager.guard(recording.domain.type, b"\x07" * 16, None).locked():
        pass
    (domains,) = [found for found in recording.checker.graph.classes() if found.name == "test domain"]
    assert domains.held.sum().count == 1


def test_nothing_is_lost_that_many_threads_count_at_once(recording: Any, crew: Any) -> None:
    holds = 20_000

    def work() -> None:
        lock = recording.manager.lock("counted", Level.LEAF)
        for _ in range(holds):
            with lock:
                pass

    for _ in range(4):
        crew.start(work)
    crew.join()
    (counted,) = [found for found in recording.checker.graph.classes() if found.name == "test counted"]
    assert counted.held.sum().count == 4 * holds


def test_what_ended_threads_counted_is_kept_and_their_parts_are_not(crew: Any) -> None:
    tally = Tally()
    for _ in range(5):
        crew.start(lambda: THREADS.me.figures[tally].add(0.001))
        crew.join()
    gc.collect()
    assert (tally.sum().count, len(tally._parts)) == (5, 0)
