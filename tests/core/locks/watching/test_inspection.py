"""What inspection shows: owners, waiters and jobs at one moment, even of a daemon that is stuck."""

from __future__ import annotations

from typing import Any

from virtloom.locks import JobKind, Progress, calling
from virtloom.locks.watching.inspection import snapshot


def test_a_held_lock_is_shown_with_owner_and_waiters_in_order(recording: Any, crew: Any, until: Any) -> None:
    def work(api: str) -> None:
        with calling(api=api, client=f"client of {api}"), recording.domain.locked():
            pass

    with calling(api="virDomainSave", client="unix 7"), recording.domain.locked():
        for number, api in enumerate(("virDomainCreate", "virDomainDestroy")):
            crew.start(work, api, name=f"worker-{number}")
            until(lambda expected=number + 1: len(recording.domain.lock.waiters) == expected)
        (seen,) = [lock for lock in snapshot(recording.manager).locks if lock.name == recording.domain.name]
    assert seen.locked
    assert seen.owner is not None
    assert seen.owner[:3] == ("MainThread", "virDomainSave", "unix 7")
    assert [waiter[:3] for waiter in seen.waiters] == [
        ("worker-0", "virDomainCreate", "client of virDomainCreate"),
        ("worker-1", "virDomainDestroy", "client of virDomainDestroy"),
    ]
    assert all(party.seconds >= 0 for party in (seen.owner, *seen.waiters))


def test_free_locks_are_shown_by_level_and_name(recording: Any) -> None:
    seen = snapshot(recording.manager).locks
    names = ["test domains", recording.domain.name, recording.other.name, "test events"]
    assert [lock.name for lock in seen] == names
    assert not any(lock.locked or lock.owner or lock.waiters for lock in seen)


def test_without_checking_locks_are_shown_without_owners(workshop: Any) -> None:
    shop = workshop("off")
    with shop.driver:
        (seen, *_) = snapshot(shop.manager).locks
    assert (seen.name, seen.locked, seen.owner) == ("test domains", True, None)


def test_jobs_are_shown_running_and_waiting(recording: Any, crew: Any, until: Any) -> None:
    obj = recording.domain

    def work() -> None:
        with calling(api="virDomainSetMemory"), obj.changing():
            pass

    with calling(api="virDomainSave", client="unix 7"), obj.job(JobKind.SAVE) as job:
        job.report(data_total=100)
        crew.start(work, name="worker-1")
        until(lambda: len(obj.jobs.waiting) == 1)
        running, waiting = snapshot(recording.manager).jobs
    assert (running.object_name, running.kind, running.running) == (obj.name, "save", True)
    assert running.party[:3] == ("MainThread", "virDomainSave", "unix 7")
    assert running.progress == Progress(data_total=100)
    assert (running.slot, running.allowed) == ("async", ("abort", "destroy", "query"))
    assert (waiting.kind, waiting.running) == ("modify", False)
    assert waiting.party[:2] == ("worker-1", "virDomainSetMemory")


def test_who_waits_is_known_of_each_thread_too(recording: Any, crew: Any, until: Any) -> None:
    """What a search for threads that wait for each other will start from."""
    obj = recording.domain

    def work(block: Any) -> None:
        with block():
            pass

    with obj.job(JobKind.MODIFY), obj.locked():
        crew.start(work, obj.locked)
        crew.start(work, lambda: obj.job(JobKind.QUERY))
        until(lambda: len(obj.lock.waiters) == 1 and len(obj.jobs.waiting) == 1)
        (at_lock,), (at_job,) = obj.lock.waiters, obj.jobs.waiting
        until(lambda: at_lock.owner.waiting_for is at_lock and at_job.owner.waiting_for is at_job)
    crew.join()
    assert at_lock.owner.waiting_for is None
    assert at_job.owner.waiting_for is None
