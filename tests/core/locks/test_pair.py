"""Two objects at once."""

from __future__ import annotations

from typing import Any

import pytest

from virtloom.locks import Checker, LockManager, ObjectGone, ObjectType, locked_pair

MODES = pytest.mark.parametrize("mode", ["off", "record", "enforce"])


@MODES
def test_both_are_locked_and_given_in_the_order_of_the_arguments(workshop: Any, mode: str) -> None:
    shop = workshop(mode)
    with shop.domain.locked() as state:
        state.count = 1
    for a, b, counts in ((shop.domain, shop.other, (1, 0)), (shop.other, shop.domain, (0, 1))):
        with locked_pair(a, b) as (one, other):
            assert (one.count, other.count) == counts
            assert a.lock.mine
            assert b.lock.mine
    assert shop.broken == []


@MODES
def test_threads_that_lock_the_same_two_either_way_do_not_block_one_another(
    workshop: Any, mode: str, crew: Any
) -> None:
    shop = workshop(mode)

    def work(a: Any, b: Any) -> None:
        for _ in range(300):
            with locked_pair(a, b) as (one, other):
                one.count += 1
                other.count += 1

    for pair in ((shop.domain, shop.other), (shop.other, shop.domain)) * 2:
        crew.start(work, *pair)
    crew.join()
    with locked_pair(shop.domain, shop.other) as (one, other):
        assert (one.count, other.count) == (1200, 1200)


def test_objects_of_different_types_and_scopes_are_ordered_too() -> None:
    checker = Checker("enforce")
    domain, pool = ObjectType("domain", "uuid"), ObjectType("pool", "name")
    managers = [LockManager(scope, checker, [domain, pool]) for scope in ("qemu", "lxc")]
    objects = [manager.guard(kind, key, [key]) for manager in managers for kind, key in ((domain, b"1"), (pool, "p"))]
    for a in objects:
        for b in objects:
            if a is not b:
                with locked_pair(a, b) as (one, other):
                    assert (one[0], other[0]) == (a.key, b.key)
    assert checker.findings == ()


def test_an_object_is_no_pair_with_itself(enforcing: Any) -> None:
    pair = locked_pair(enforcing.domain, enforcing.domain)
    with pytest.raises(ValueError, match=r"was given domain 01010101-.* twice"), pair:
        pass


def test_neither_stays_locked_if_one_was_removed(enforcing: Any) -> None:
    with enforcing.other.locked():
        enforcing.other.retire()
    with pytest.raises(ObjectGone), locked_pair(enforcing.domain, enforcing.other):
        pass
    assert not enforcing.domain.lock.locked
    assert not enforcing.other.lock.locked
