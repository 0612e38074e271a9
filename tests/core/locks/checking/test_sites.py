"""Places in the source: the first line outside of the package, with the line that took a lock."""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from typing import Any

from virtloom.locks import locked_pair
from virtloom.locks.checking.sites import caller_stack, raw_site, site_of


def line() -> int:
    """The line of the caller."""
    frame = inspect.currentframe()
    assert frame is not None
    assert frame.f_back is not None
    return frame.f_back.f_lineno


def test_a_stack_begins_with_the_caller_and_is_bounded() -> None:
    def deeper(levels: int) -> Any:
        return caller_stack() if levels == 0 else deeper(levels - 1)

    stack = deeper(30)
    assert stack[0].file == __file__
    assert stack[0].function.endswith("deeper")
    assert len(stack) == 12


def test_a_raw_site_is_the_line_that_kept_it() -> None:
    raw, here = raw_site(), line()
    assert site_of(raw) == (__file__, here, "test_a_raw_site_is_the_line_that_kept_it")
    assert site_of(None) is None


def test_each_way_of_locking_keeps_its_own_line(enforcing: Any) -> None:
    with enforcing.driver:
        assert enforcing.driver.taken_at[:2] == (__file__, line() - 1)
    with enforcing.domain.locked():
        assert enforcing.domain.lock.taken_at[:2] == (__file__, line() - 1)
    with enforcing.domain.changing():
        assert enforcing.domain.lock.taken_at[:2] == (__file__, line() - 1)
    with locked_pair(enforcing.domain, enforcing.other):
        here = line()
        assert enforcing.domain.lock.taken_at[:2] == (__file__, here - 1)
        assert enforcing.other.lock.taken_at[:2] == (__file__, here - 1)
    assert enforcing.domain.lock.taken_at is None


def test_a_drivers_own_bracket_is_the_place(enforcing: Any) -> None:
    @contextmanager
    def bracket() -> Any:
        with enforcing.domain.locked() as state:
            yield state

    with bracket():
        assert enforcing.domain.lock.taken_at.function.endswith("bracket")
