"""The watch: holds, waits, jobs and calls are recorded while somebody records, and slow locks are told of."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from typing import Any

import pytest

from unwatched import wait
from virtloom.locks import Checker, JobKind, Level, Lock, calling
from virtloom.locks.watching.perfetto import trace_events
from virtloom.locks.watching.recorder import Recorder, Span
from virtloom.locks.watching.slow import SlowLock
from virtloom.locks.watching.unfinished import unfinished


def test_nothing_is_kept_until_somebody_records(recording: Any) -> None:
    watch = recording.checker.watch
    with recording.domain.locked():
        pass
    recorder = watch.record(60)
    with (
        calling("virDomainSave", "7", recording.checker),
        recording.domain.job(JobKind.SAVE),
        recording.domain.locked(),
    ):
        pass
    watch.stop_recording()
    with recording.domain.locked():
        pass
    assert [(span.kind, span.name) for span in recorder.spans] == [
        ("hold", recording.domain.name),
        ("job", recording.domain.name),
        ("call", "virDomainSave"),
    ]
    assert {span.client for span in recorder.spans} == {"7"}
    assert recorder.spans[1].lane == "async"


def test_waits_are_recorded_with_what_was_waited_for(recording: Any, crew: Any, until: Any) -> None:
    recorder = recording.checker.watch.record(60)

    def work() -> None:
        with recording.domain.job(JobKind.MODIFY), recording.domain.locked():
            pass

    with recording.domain.job(JobKind.QUERY):
        crew.start(work, name="patient")
        until(lambda: len(recording.domain.jobs.waiting) == 1)
    crew.join()
    (seen,) = [span for span in recorder.spans if span.kind == "wait"]
    assert (seen.thread, seen.name) == ("patient", f"a modify job on {recording.domain.name}")
    assert seen.begin <= seen.end


def test_a_recording_ends_by_itself(recording: Any) -> None:
    recorder = recording.checker.watch.record(0)
    with recording.domain.locked():
        pass
    assert recorder.spans == []
    assert recording.checker.watch.note_from > 1e9


def test_a_recorder_drops_the_oldest_and_counts_them() -> None:
    recorder = Recorder(0.0, 60, limit=2)
    for place in range(5):
        recorder.add(Span("hold", str(place), "t", place, place + 1))
    assert [span.name for span in recorder.spans] == ["3", "4"]
    assert recorder.dropped == 3


def test_what_has_not_ended_is_added(recording: Any) -> None:
    with calling("virDomainSave"), recording.domain.job(JobKind.SAVE), recording.domain.locked():
        open_ = [span for span in unfinished() if span.thread == threading.current_thread().name]
    assert {span.kind for span in open_} == {"call", "job", "hold"}
    assert {span.state for span in open_} == {"not ended yet"}


def test_a_trace_names_a_track_for_each_thread_and_each_object() -> None:
    spans = [
        Span("call", "virDomainSave", "worker-1", 9.0, 12.0, "", "7"),
        Span("hold", "domain web", "worker-1", 10.0, 10.5, "virDomainSave"),
        Span("job", "domain web", "worker-1", 10.5, 11.5, "save for virDomainSave", "7", "async"),
        Span("wait", "a query job on domain web", "worker-2", 10.6, 11.5),
    ]
    events = trace_events(spans, begin=10.0)
    tracks = {(e["pid"], e["args"]["name"]): e["tid"] for e in events if e["name"] == "thread_name"}
    assert set(tracks) == {(1, "worker-1"), (1, "worker-2"), (2, "domain web"), (2, "domain web: async jobs")}
    slices = [e for e in events if e["ph"] == "X"]
    (call,) = [e for e in slices if e["cat"] == "call"]
    assert (call["ts"], call["dur"], call["tid"]) == (0.0, 2e6, tracks[1, "worker-1"])  # what began before is cut
    assert sum(e["cat"] == "hold" for e in slices) == 2  # once on the thread's track and once on the object's
    assert json.loads(json.dumps(events)) == events


def test_the_slices_of_a_track_nest(recording: Any, crew: Any) -> None:
    """What ui.perfetto.dev asks of complete events: on one track they lie beside or within each other."""
    recorder = recording.checker.watch.record(60)

    def work(number: int) -> None:
        for _ in range(20):
            with calling(f"virDomainStep{number}", checker=recording.checker):
                with recording.domain.changing() as state:
                    state.increment()
                with recording.driver, recording.leaf:
                    pass

    for number in range(4):
        crew.start(work, number, name=f"worker-{number}")
    crew.join()
    tracks = defaultdict(list)
    for event in trace_events(recorder.spans, recorder.begin):
        if event["ph"] == "X":
            tracks[event["pid"], event["tid"]].append(event)
    assert len(tracks) > 4
    for events in tracks.values():
        ends: list[float] = []
        for event in events:
            start, length = round(event["ts"] * 1000), round(event["dur"] * 1000)  # nanoseconds, as it is read
            while ends and ends[-1] <= start:
                ends.pop()
            assert not ends or start + length <= ends[-1], event
            ends.append(start + length)


def test_a_job_that_was_killed_ends_there_so_that_the_next_one_lies_beside_it(recording: Any, crew: Any) -> None:
    recorder = recording.checker.watch.record(60)
    begun, gone = threading.Event(), threading.Event()

    def work() -> None:
        with recording.domain.job(JobKind.SAVE):
            begun.set()
            wait(gone, 10)

    crew.start(work)
    assert wait(begun, 10)
    recording.domain.kill_jobs("the guest was destroyed")
    assert [span for span in unfinished() if span.kind == "job"] == []
    with recording.domain.job(JobKind.SAVE):
        pass
    gone.set()
    crew.join()
    first, second = [span for span in recorder.spans if span.kind == "job"]
    assert first.end <= second.begin


def test_each_event_has_what_the_format_asks_for(recording: Any) -> None:
    """Of the "Trace Event Format": complete events with times that are no strings, and a name for each track."""
    recorder = recording.checker.watch.record(60)
    with (
        calling("virDomainSave", "7", recording.checker),
        recording.domain.job(JobKind.SAVE),
        recording.domain.locked(),
    ):
        pass
    events = json.loads(json.dumps(trace_events(recorder.spans + unfinished(), recorder.begin)))
    assert {event["ph"] for event in events} == {"M", "X"}
    named = {(event["pid"], event["tid"]) for event in events if event["name"] == "thread_name"}
    groups = {event["pid"] for event in events if event["name"] == "process_name"}
    assert len({tid for _, tid in named}) == len(named), "a track's number is its own in all groups"
    for event in events:
        assert isinstance(event["name"], str)
        assert isinstance(event["pid"], int)
        assert isinstance(event["tid"], int)
        if event["ph"] == "X":
            assert event["ts"] >= 0
            assert event["dur"] >= 0
            assert (event["pid"], event["tid"]) in named
            assert event["pid"] in groups
            assert all(isinstance(value, str) for value in event["args"].values())
        else:
            assert isinstance(event["args"]["name"], str)


def test_a_slow_lock_is_told_at_its_release_with_the_holders_stack() -> None:
    told: list[SlowLock] = []
    checker = Checker("record")
    checker.watch.tell_slow(1e-9, told.append)
    lock = Lock(Level.CLIENT, "client 7", checker)
    with calling("virDomainSave", "7"), lock:
        pass
    (slow,) = told
    assert (slow.lock, slow.thread, slow.api, slow.client, slow.released) == (
        "client 7", "MainThread", "virDomainSave", "7", True,
    )  # fmt: skip
    assert slow.stack[0].file == __file__
    assert str(slow).startswith("client 7 was held for ")


def test_a_lock_that_is_not_released_is_told_by_who_waits_for_it(crew: Any) -> None:
    told: list[SlowLock] = []
    seen = threading.Event()
    checker = Checker("record")
    checker.watch.tell_slow(0.01, lambda slow: (told.append(slow), seen.set()))
    lock = Lock(Level.CLIENT, "client 7", checker)

    def work() -> None:
        with lock:
            pass

    with lock:
        crew.start(work)
        assert wait(seen, 10)
    crew.join()
    assert (told[0].released, told[0].waiting) == (False, 1)
    assert any(
        site.function == test_a_lock_that_is_not_released_is_told_by_who_waits_for_it.__name__ for site in told[0].stack
    )


@pytest.mark.parametrize("seconds", [float("inf"), 60.0])
def test_a_quick_lock_is_not_told_of(seconds: float) -> None:
    told: list[SlowLock] = []
    checker = Checker("record")
    checker.watch.tell_slow(seconds, told.append)
    with Lock(Level.CLIENT, "client 7", checker):
        pass
    assert told == []


def test_calls_are_counted_by_their_api(recording: Any) -> None:
    for api in ("virDomainSave", "virDomainSave", "virDomainCreate"):
        with recording.manager.calling(api):
            pass
    assert {api: took.sum().count for api, took in recording.checker.watch.calls.items()} == {
        "virDomainSave": 2,
        "virDomainCreate": 1,
    }


def test_a_recording_that_runs_out_does_not_end_the_one_that_begins_in_that_moment(recording: Any) -> None:
    watch, begun = recording.checker.watch, []

    class JustThen(float):
        def __gt__(self, other: float) -> bool:
            begun.append(watch.record(60))
            return True

    watch.record(0)
    watch._keep(Span("hold", "one that ends after the first recording", "a thread", 0, JustThen(1)))
    with recording.domain.locked():
        pass
    assert [span.name for span in begun[0].spans] == [recording.domain.name]
