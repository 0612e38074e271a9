"""Editions: what was kept holds until a change begins, whichever instructions the change comes between."""

from __future__ import annotations

from virtloom.locks import Edition


def test_what_was_made_holds_until_a_change_begins_and_not_after_it() -> None:
    edition = Edition()
    seen = edition.current
    assert edition.holds(seen)
    with edition:
        assert not edition.holds(seen)
        assert not edition.holds(edition.current)
    assert not edition.holds(seen)
    assert edition.holds(edition.current)


def test_a_change_that_ends_while_somebody_looks_was_not_in_what_is_kept() -> None:
    edition = Edition()
    seen = edition.current

    class EndsWhenLookedAt(list[None]):
        def __bool__(self) -> bool:
            edition.__exit__(None, None, None)
            return len(self) > 0

    edition._changing = EndsWhenLookedAt()
    edition.__enter__()
    assert not edition.holds(seen)
