"""Answers are kept for as long as they hold, and no longer."""

from __future__ import annotations

import pytest

from schedules import Schedule, seeded, seeds
from virtloom.driver import settled as module
from virtloom.driver.settled import ANSWERS, LONGEST, Answers, Settled, settled
from virtloom.locks import Edition, edition


def test_an_answer_is_kept_until_something_changes() -> None:
    current = Edition()
    answers = Answers(current)
    answers.keeper()(b"asked", b"answer")
    assert (answers.find(b"asked"), answers.find(b"another")) == (b"answer", None)
    with current:
        assert answers.find(b"asked") is None  # the change may be seen from now on
    assert answers.find(b"asked") is None


def test_what_was_made_before_a_change_is_not_kept_after_it() -> None:
    current = Edition()
    answers = Answers(current)
    before = answers.keeper()
    with current:
        within = answers.keeper()
    answers.keeper()(b"other", b"new")
    before(b"asked", b"old")
    within(b"asked", b"old")
    assert (answers.find(b"asked"), answers.find(b"other")) == (None, b"new")


def test_what_is_kept_is_bounded() -> None:
    answers = Answers(Edition())
    for number in range(ANSWERS + 1):
        answers.keeper()(str(number).encode(), b"answer")
    assert (answers.find(b"0"), answers.find(str(ANSWERS).encode())) == (None, b"answer")
    answers.keeper()(b"long", bytes(LONGEST + 1))
    assert answers.find(b"long") is None


def test_only_methods_that_are_declared_have_answers_each_of_its_own() -> None:
    class Driver:
        @settled
        def one(self) -> None: ...

        @settled
        def two(self) -> None: ...

    class Other(Driver):
        def one(self) -> None: ...

    kept, driver, other = Settled(Edition()), Driver(), Other()
    one = kept.answers(driver.one, "one")
    assert one is not None
    assert kept.answers(driver.one, "one") is one
    assert kept.answers(driver.two, "two") not in (None, one)
    assert kept.answers(other.one, "one") is None


@pytest.mark.parametrize("seed", seeds(60))
def test_who_has_seen_a_change_is_not_given_the_old_answer(seed: int) -> None:
    with seeded(seed), Schedule(seed, (module, edition)) as schedule:
        current = Edition()
        answers, state = Answers(current), [0]

        def change() -> None:
            for _ in range(4):
                with current:
                    state[0] += 1

        def ask() -> None:
            for _ in range(8):
                seen = state[0]
                body = answers.find(b"state")
                if body is None:
                    keep = answers.keeper()
                    body = bytes([state[0]])
                    keep(b"state", body)
                assert body[0] >= seen

        schedule.run(change, ask, ask)
