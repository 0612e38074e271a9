"""Waiting for jobs: turns, deadlines, and the end of the guest's process."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from virtloom.locks import (
    Checker,
    Guarded,
    JobAborted,
    JobKind,
    JobTimeout,
    LockManager,
    ObjectGone,
    ObjectType,
    calling,
)
from virtloom.locks.kinds import ALLOWED_INSIDE, Slot


class Queue:
    """Starts jobs in threads, one after another, and notes in which order they began."""

    def __init__(self, obj: Guarded[Any], crew: Any, until: Any) -> None:
        self.obj, self.crew, self.until = obj, crew, until
        self.began: list[str] = []

    def add(self, kind: JobKind, label: str) -> None:
        """A thread that asks for a job; returns when it waits or has begun."""
        before = len(self.obj.jobs.waiting) + len(self.began)

        def work() -> None:
            with self.obj.job(kind):
                self.began.append(label)

        self.crew.start(work)
        self.until(lambda: len(self.obj.jobs.waiting) + len(self.began) > before)


@pytest.fixture
def queue(enforcing: Any, crew: Any, until: Any) -> Queue:
    return Queue(enforcing.domain, crew, until)


def test_those_whom_a_long_job_keeps_out_let_pass_whom_it_admits(queue: Queue) -> None:
    with queue.obj.job(JobKind.SAVE):
        queue.add(JobKind.MODIFY, "modify")
        queue.add(JobKind.QUERY, "query")
        queue.until(lambda: queue.began == ["query"])
        assert [job.kind for job in queue.obj.jobs.waiting] == [JobKind.MODIFY]
    queue.crew.join()
    assert queue.began == ["query", "modify"]


def test_nobody_overtakes_a_long_job_that_waits_for_its_turn(queue: Queue) -> None:
    """Otherwise a stream of short jobs would keep the long one out for ever."""
    with queue.obj.job(JobKind.QUERY):
        queue.add(JobKind.SAVE, "save")
        queue.add(JobKind.MODIFY, "modify")
        assert [job.kind for job in queue.obj.jobs.waiting] == [JobKind.SAVE, JobKind.MODIFY]
    queue.crew.join()
    assert queue.began == ["save", "modify"]


def test_an_agent_that_is_silent_holds_up_no_monitor(queue: Queue) -> None:
    with queue.obj.job(JobKind.AGENT_QUERY):
        queue.add(JobKind.AGENT_MODIFY, "agent")
        queue.add(JobKind.MODIFY, "monitor")
        queue.until(lambda: queue.began == ["monitor"])
    queue.crew.join()
    assert queue.began == ["monitor", "agent"]


def test_what_waited_behind_one_that_gave_up_begins(enforcing: Any, crew: Any, until: Any) -> None:
    obj = enforcing.domain
    began, leave = threading.Event(), threading.Event()

    def query() -> None:
        with obj.job(JobKind.QUERY):
            began.set()

    def save() -> None:
        with pytest.raises(JobTimeout), obj.job(JobKind.DUMP, timeout=0.05):
            pass

    def hold() -> None:
        with obj.job(JobKind.SAVE), obj.job(JobKind.MODIFY):
            assert leave.wait(10)

    crew.start(hold)
    until(lambda: len(obj.jobs.running) == 2)
    crew.start(save)
    until(lambda: len(obj.jobs.waiting) == 1)
    crew.start(query)
    until(lambda: [job.kind for job in obj.jobs.waiting] == [JobKind.QUERY])
    leave.set()
    assert began.wait(10)


def test_a_timeout_names_the_holder(enforcing: Any, crew: Any) -> None:
    obj = enforcing.domain

    def work() -> None:
        with pytest.raises(JobTimeout) as caught, obj.job(JobKind.MODIFY, timeout=0.001):
            pass
        error = caught.value
        assert (error.holder_api, error.holder_thread) == ("virDomainSave", threading.main_thread().name)
        assert error.holder_age is not None
        assert (error.object_name, error.kind, error.slot) == (obj.name, "modify", "monitor")

    with calling(api="virDomainSave"), obj.job(JobKind.SAVE):
        crew.start(work)
        crew.join()
    assert obj.jobs.waiting == ()


def test_a_timeout_of_the_agents_says_agent(enforcing: Any, crew: Any) -> None:
    def work() -> None:
        with pytest.raises(JobTimeout, match=r"held by agent=virDomainGetGuestInfo in thread MainThread for 0\.0 s"):
            enforcing.domain.job(JobKind.AGENT_MODIFY, timeout=0).__enter__()

    with enforcing.domain.job(JobKind.AGENT_QUERY, api="virDomainGetGuestInfo"):
        crew.start(work)
        crew.join()


def test_the_manager_sets_the_usual_timeout(workshop: Any, crew: Any) -> None:
    obj = workshop("enforce", job_timeout=0.001).domain

    def work() -> None:
        for block in (obj.job(JobKind.QUERY), obj.changing()):
            with pytest.raises(JobTimeout), block:
                pass

    with obj.job(JobKind.MODIFY):
        crew.start(work)
        crew.join()
    assert not obj.lock.locked


def test_when_the_guests_process_ends_who_waits_is_told_and_the_running_job_ends(
    enforcing: Any, crew: Any, until: Any
) -> None:
    obj = enforcing.domain

    def wait_for_a_job() -> None:
        with pytest.raises(JobAborted, match=r"modify job on .* was aborted: guest's process ended"), obj.changing():
            pass

    def end_of_process() -> None:
        obj.kill_jobs("guest's process ended")

    with obj.job(JobKind.MODIFY) as job:
        crew.start(wait_for_a_job)
        until(lambda: len(obj.jobs.waiting) == 1)
        crew.start(end_of_process)
        crew.join()
        assert (obj.jobs.running, obj.jobs.waiting) == ((), ())
        with pytest.raises(JobAborted, match="guest's process ended"):
            job.check()


def test_a_killed_jobs_block_does_not_end_the_job_that_came_after_it(enforcing: Any, crew: Any) -> None:
    obj = enforcing.domain
    began, leave = threading.Event(), threading.Event()

    def work() -> None:
        obj.kill_jobs("guest's process ended")
        with obj.job(JobKind.START):
            began.set()
            assert leave.wait(10)

    with obj.job(JobKind.SAVE):
        crew.start(work)
        assert began.wait(10)
    assert [job.kind for job in obj.jobs.running] == [JobKind.START]
    leave.set()


def test_who_destroys_the_guest_keeps_the_job_it_does_so_in(enforcing: Any) -> None:
    obj = enforcing.domain
    with obj.job(JobKind.DESTROY) as job, obj.locked():
        obj.kill_jobs("destroyed")
        job.check()
        assert obj.jobs.running == (job,)


def test_each_wait_is_announced_and_no_other(workshop: Any, crew: Any, until: Any) -> None:
    told: list[str] = []

    @contextmanager
    def on_wait(what: str, must: bool) -> Iterator[None]:
        told.append(f"{threading.current_thread().name} waits for {what}")
        yield
        told.append(f"{threading.current_thread().name} goes on")

    obj = workshop("enforce", on_wait=on_wait).domain
    waits = f"worker-1 waits for a query job on {obj.name}"

    def work() -> None:
        with obj.job(JobKind.QUERY):
            told.append("begun")

    with obj.job(JobKind.MODIFY):
        crew.start(work, name="worker-1")
        until(lambda: told == [waits])
    crew.join()
    assert told == [waits, "worker-1 goes on", "begun"]


@pytest.mark.parametrize("kind", list(JobKind))
def test_the_waits_of_what_ends_other_jobs_may_not_be_forbidden(
    workshop: Any, crew: Any, until: Any, kind: JobKind
) -> None:
    told: list[bool] = []

    def on_wait(what: str, must: bool) -> Any:
        told.append(must)
        return nullcontext()

    obj = workshop("enforce", on_wait=on_wait).domain

    def work() -> None:
        with obj.job(kind):
            pass

    with obj.job(kind):
        crew.start(work)
        until(lambda: told == [kind in (JobKind.DESTROY, JobKind.ABORT)])
    crew.join()


def test_a_wait_that_is_forbidden_leaves_no_trace(workshop: Any, crew: Any) -> None:
    @contextmanager
    def refuse(what: str, must: bool) -> Iterator[None]:
        raise OverflowError("all workers wait")
        yield

    obj = workshop("enforce", on_wait=refuse).domain

    def work() -> None:
        with pytest.raises(OverflowError), obj.job(JobKind.QUERY):
            pass

    with obj.job(JobKind.MODIFY):
        crew.start(work)
        crew.join()
        assert obj.jobs.waiting == ()
    assert obj.jobs.running == ()


def test_a_job_that_began_while_its_wait_was_broken_off_is_ended(workshop: Any, crew: Any) -> None:
    """1. a thread waits; 2. the job becomes its own; 3. its wait fails all the same; 4. no job is left behind."""
    waits, may_fail = threading.Event(), threading.Event()

    @contextmanager
    def fail_late(what: str, must: bool) -> Iterator[None]:
        waits.set()
        assert may_fail.wait(10)
        raise OverflowError
        yield

    obj = workshop("enforce", on_wait=fail_late).domain

    def work() -> None:
        with pytest.raises(OverflowError), obj.job(JobKind.QUERY):
            pass

    with obj.job(JobKind.MODIFY):
        crew.start(work)
        assert waits.wait(10)
    assert [job.kind for job in obj.jobs.running] == [JobKind.QUERY]
    may_fail.set()
    crew.join()
    assert obj.jobs.running == ()


def pause_before_joining(obj: Guarded[Any]) -> tuple[threading.Event, threading.Event]:
    """Make whoever finds a job taken set the first event, and join the queue only after the second."""
    looked, may_join = threading.Event(), threading.Event()
    look = type(obj.jobs)._forbid_waiting_for_oneself

    def look_and_pause(jobs: Any, job: Any) -> None:
        look(jobs, job)
        looked.set()
        assert may_join.wait(10)

    steps = {"__slots__": (), "_forbid_waiting_for_oneself": look_and_pause}
    obj.jobs.__class__ = type("Slow", (type(obj.jobs),), steps)
    return looked, may_join


def test_a_job_that_ends_between_the_first_look_and_the_joining_is_not_missed(enforcing: Any, crew: Any) -> None:
    """1. a thread finds the job taken; 2. that job ends, seeing nobody wait; 3. the thread joins, and must begin."""
    obj = enforcing.domain
    looked, may_join = pause_before_joining(obj)

    def work() -> None:
        with obj.job(JobKind.QUERY):
            pass

    with obj.job(JobKind.MODIFY):
        crew.start(work)
        assert looked.wait(10)
    may_join.set()
    crew.join()


def test_a_removal_between_the_first_look_and_the_joining_is_not_missed(enforcing: Any, crew: Any) -> None:
    """1. a thread finds the job taken; 2. the object is retired, with none to tell; 3. the thread is told."""
    obj = enforcing.domain
    looked, may_join = pause_before_joining(obj)

    def work() -> None:
        with pytest.raises(ObjectGone), obj.job(JobKind.QUERY):
            pass

    with obj.job(JobKind.DESTROY):
        crew.start(work)
        assert looked.wait(10)
        with obj.locked():
            obj.retire()
        may_join.set()
        crew.join()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_many_threads_with_all_kinds_keep_to_the_table(enforcing: Any, crew: Any, seed: int) -> None:
    obj = enforcing.domain
    running: list[Any] = []
    watch = threading.Lock()
    clashes: list[str] = []

    def work(number: int) -> None:
        luck = random.Random(seed * 100 + number)
        for _ in range(60):
            with obj.job(luck.choice(list(JobKind))) as job:
                with watch:
                    clashes.extend(f"{job.kind} beside {other.kind}" for other in running if _clash(job, other))
                    running.append(job)
                with obj.locked() as state:
                    state.count += 1
                with watch:
                    running.remove(job)

    for number in range(6):
        crew.start(work, number)
    crew.join()
    assert clashes == []
    with obj.locked() as state:
        assert state.count == 360


def _clash(new: Any, running: Any) -> bool:
    if new.kind.slot is running.kind.slot:
        return True
    return running.kind.slot is Slot.ASYNC and new.kind.slot is Slot.SYNC and new.kind not in running.allowed


class Script:
    """One thread that plays many: jobs that belong to different threads are begun and ended in a given order."""

    def __init__(self) -> None:
        kind = ObjectType("domain", "uuid")
        self.obj = LockManager("test", Checker("off"), [kind]).guard(kind, b"k", None)
        self.jobs: list[Any] = []

    def ask(self, kind: JobKind) -> None:
        job = self.obj.job(kind)
        job.owner = type(job.owner)()
        if not self.obj.jobs.begin_nowait(job):
            self.obj.jobs._enqueue(job)
        self.jobs.append(job)

    def end(self, number: int) -> None:
        running = self.obj.jobs.running
        if running:
            self.obj.jobs.end(running[number % len(running)])


STEPS: st.SearchStrategy[Callable[[Script], None]] = st.one_of(
    st.sampled_from(JobKind).map(lambda kind: lambda script: script.ask(kind)),
    st.integers(0, 2).map(lambda number: lambda script: script.end(number)),
)


@settings(max_examples=200)
@given(st.lists(STEPS, max_size=30))
def test_no_slot_stands_idle_while_its_first_waiter_could_begin(steps: list[Callable[[Script], None]]) -> None:
    script = Script()
    for step in steps:
        step(script)
        running = {job.kind.slot: job for job in script.obj.jobs.running}
        inside = running.get(Slot.ASYNC)
        for job in script.obj.jobs.waiting:
            slot = job.kind.slot
            if slot is Slot.AGENT:
                assert Slot.AGENT in running
            elif Slot.SYNC not in running:
                assert inside is not None
                assert slot is Slot.ASYNC or job.kind not in ALLOWED_INSIDE[inside.kind]
    for _ in range(3 * len(script.jobs)):
        script.end(0)
    assert script.obj.jobs.running == script.obj.jobs.waiting == ()


@pytest.mark.parametrize("running", list(JobKind))
def test_what_kills_begins_at_once_and_those_who_wait_come_after_it(
    enforcing: Any, crew: Any, until: Any, running: JobKind
) -> None:
    domain, order = enforcing.domain, []
    may_end = threading.Event()

    def hang() -> None:
        with domain.job(running) as job:
            order.append("begun")
            assert may_end.wait(10)
            with pytest.raises(JobAborted, match="the guest was destroyed"):
                job.check()

    def wait_for_it() -> None:
        with domain.job(running):
            order.append("waited")

    crew.start(hang)
    until(lambda: order == ["begun"])
    crew.start(wait_for_it)
    until(lambda: len(domain.jobs.waiting) == 1)
    with domain.job(JobKind.DESTROY, killing="the guest was destroyed"):
        if running.slot is not Slot.AGENT:  # the agent's slot is not the monitor's
            assert len(domain.jobs.waiting) == 1
    until(lambda: order == ["begun", "waited"])
    may_end.set()
    crew.join()
    assert domain.jobs.running == ()


def test_who_kills_is_waited_for_by_who_kills_too(enforcing: Any, crew: Any, until: Any) -> None:
    domain, order = enforcing.domain, []

    def destroy() -> None:
        with domain.job(JobKind.DESTROY, killing="the guest was destroyed") as job:
            job.check()
            order.append("second")

    with domain.job(JobKind.DESTROY, killing="the guest was destroyed") as job:
        crew.start(destroy)
        until(lambda: len(domain.jobs.waiting) == 1)
        job.check()
        order.append("first")
    crew.join()
    assert order == ["first", "second"]
