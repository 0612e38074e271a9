"""What is told of all domains is made again where they changed, and is never old."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules import Schedule, seeded, seeds
from virtloom.driver.domains import told as module
from virtloom.driver.domains.state import View
from virtloom.driver.domains.told import ANSWERS_KEPT, PIECE, Told
from virtloom.driver.handles import DomainHandle
from virtloom.locks import Checker, Edition, Guarded, LockManager, ObjectType, edition, guarded

THING = ObjectType("thing", key="key")


def view(number: int, state: int = 1) -> View:
    """What a domain publishes; of its definition nothing is told."""
    return View(DomainHandle(str(number), bytes(16), number), state, 0, True, False, False, 0, 0, None, None)  # type: ignore[arg-type]


class Domains:
    """Domains that publish, without the domains."""

    def __init__(self, count: int) -> None:
        self.edition = Edition()
        self.views = [view(number) for number in range(count)]
        self.told_of: list[int] = []
        self.before_the_look: Callable[[], None] = lambda: None
        self.told = Told(self.edition, self._look)

    def _look(self) -> list[View]:
        self.before_the_look()
        return list(self.views)

    def publish(self, number: int, state: int) -> None:
        """One changes."""
        with self.edition:
            self.views[number] = view(number, state)

    def ask(self) -> list[Any]:
        """The numbers and states of all that do not stand still (0)."""
        return list(self.told.ask("states", self._tell))

    def _tell(self, shown: View) -> Any:
        self.told_of.append(shown.handle.id)
        return (shown.handle.id, shown.state) if shown.state else None


def test_nothing_is_made_again_while_nothing_changes() -> None:
    domains = Domains(3)
    assert domains.told.ask("all", domains._tell) is domains.told.ask("all", domains._tell)
    assert domains.told_of == [0, 1, 2]


def test_only_the_piece_with_the_change_is_made_again() -> None:
    domains = Domains(3 * PIECE)
    domains.ask()
    domains.told_of.clear()
    domains.publish(PIECE, 7)
    assert domains.ask()[PIECE] == (PIECE, 7)
    assert domains.told_of == list(range(PIECE, 2 * PIECE))


def test_an_answer_is_as_new_as_its_question_even_if_something_changes_while_it_is_made() -> None:
    domains = Domains(1)

    def change_once() -> None:
        domains.before_the_look = lambda: None
        domains.publish(0, 2)

    domains.before_the_look = change_once
    domains.ask()
    assert domains.ask() == [(0, 2)]
    domains.publish(0, 3)
    assert domains.ask() == [(0, 3)]


def test_a_change_after_the_look_shows_in_the_next_answer() -> None:
    domains = Domains(1)
    domains.told.ask("states", lambda shown: domains.publish(0, 2) or (0, shown.state))
    assert domains.ask() == [(0, 2)]


@pytest.mark.parametrize("seed", seeds(60))
def test_who_has_seen_a_change_is_not_told_the_old_state(seed: int) -> None:
    with seeded(seed), Schedule(seed, (module, edition, guarded)) as schedule:
        counter = Edition()
        locks = LockManager("test", Checker("enforce"), [THING])
        things = [locks.guard(THING, number, None, counter) for number in range(2)]
        for thing in things:
            publish(thing, view(0, 0))
        told = Told(counter, lambda: [thing.published for thing in things])

        def change(thing: Guarded[None]) -> None:
            for state in range(1, 4):
                publish(thing, view(0, state))

        def ask() -> None:
            for _ in range(6):
                seen = [thing.published.state for thing in things]
                states = list(told.ask("states", lambda shown: (shown.state,)))
                assert all(state >= before for (state,), before in zip(states, seen, strict=True))

        schedule.run(lambda: change(things[0]), lambda: change(things[1]), ask, ask)


def publish(thing: Guarded[None], shown: View) -> None:
    with thing.locked():
        thing.publish(shown)


def test_each_question_has_its_own_answer_and_so_many_are_kept() -> None:
    domains = Domains(1)
    for number in range(2 * ANSWERS_KEPT + 1):
        assert list(domains.told.ask(number, lambda shown, number=number: number)) == [number]
        assert len(domains.told._answers) <= ANSWERS_KEPT


Step = st.tuples(st.sampled_from(["change", "come", "go"]), st.integers(0, 30), st.integers(0, 2))


@given(count=st.integers(0, 12), steps=st.lists(Step, max_size=12))
def test_after_any_changes_it_is_what_would_be_told_for_the_first_time(
    count: int, steps: list[tuple[str, int, int]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PIECE", 4)
        domains = Domains(count)
        for what, place, state in steps:
            with domains.edition:
                if what == "come":
                    domains.views.append(view(100 + len(domains.views), state))
                elif domains.views and what == "go":
                    del domains.views[place % len(domains.views)]
                elif domains.views:
                    domains.views[place % len(domains.views)] = view(place, state)
            assert domains.ask() == [(one.handle.id, one.state) for one in domains.views if one.state]
