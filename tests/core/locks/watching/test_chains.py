"""Chains of waiting, from those that nobody waits for to the one that all wait for."""

from __future__ import annotations

from typing import Any

from virtloom.locks import JobKind, calling
from virtloom.locks.context import THREADS, Outside
from virtloom.locks.watching.chains import Chain, chains


def of(*threads: str) -> list[Chain]:
    """The chains that begin with one of these threads; others of the process are not the test's."""
    return [chain for chain in chains() if chain.links and chain.links[0].waiter.thread in threads]


def test_a_chain_leads_over_jobs_and_locks_to_the_one_who_waits_for_neither(
    recording: Any, crew: Any, until: Any
) -> None:
    obj, other = recording.domain, recording.other

    def middle() -> None:
        with calling("virDomainSave", "7"), obj.job(JobKind.MODIFY), other.locked():
            pass

    def last() -> None:
        with calling("virDomainCreate", "8"), obj.job(JobKind.QUERY):
            pass

    with calling("virDomainSuspend", "6"), other.locked():
        crew.start(middle, name="middle")
        until(lambda: len(other.lock.waiters) == 1)
        crew.start(last, name="last")
        until(lambda: len(obj.jobs.waiting) == 1 and len(of("last")) == 1)
        (chain,) = of("last", "middle")
        assert [link.waiter.thread for link in chain.links] == ["last", "middle"]
        assert [link.wanted for link in chain.links] == [f"a query job on {obj.name}", other.lock.name]
        assert chain.root is not None
        assert (chain.root.thread, chain.root.api, chain.root.client) == ("MainThread", "virDomainSuspend", "6")
    crew.join()
    assert of("last", "middle") == []


def test_the_longest_chain_comes_first(recording: Any, crew: Any, until: Any) -> None:
    one, other = recording.domain, recording.other

    def both() -> None:
        with one.job(JobKind.MODIFY), other.job(JobKind.MODIFY):
            pass

    def single(obj: Any) -> None:
        with obj.job(JobKind.QUERY):
            pass

    with other.job(JobKind.MODIFY):
        crew.start(both, name="both")
        until(lambda: len(other.jobs.waiting) == 1)
        crew.start(single, other, name="short")
        crew.start(single, one, name="long")
        until(lambda: len(of("short", "long")) == 2)
        assert [len(chain.links) for chain in of("short", "long")] == [2, 1]


def test_a_wait_for_something_outside_is_told(recording: Any) -> None:
    me = THREADS.me
    me.outside = Outside("a monitor's answer", 0.0)
    try:
        (chain,) = [chain for chain in chains() if chain.outside is me.outside]
    finally:
        me.outside = None
    assert chain.links == ()
    assert chain.root is not None
    assert chain.root.thread == "MainThread"
    assert chain.longest > 0


def test_who_waits_for_a_job_is_in_a_chain_though_it_had_to_wait_for_a_lock_to_say_so(
    workshop: Any, crew: Any, until: Any
) -> None:
    shop = workshop("record", on_wait=lambda what, must: shop.leaf)
    obj = shop.domain

    def wait_for_it() -> None:
        with obj.job(JobKind.QUERY):
            pass

    with obj.job(JobKind.MODIFY):
        with shop.leaf:
            crew.start(wait_for_it, name="waiter")
            until(lambda: len(shop.leaf.waiters) == 1)
        until(lambda: [chain.links[0].wanted for chain in of("waiter")] == [f"a query job on {obj.name}"])
    crew.join()
