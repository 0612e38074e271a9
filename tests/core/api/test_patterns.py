"""Expressions of clients mean what they mean to `re`, and cost no more than they are long."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtloom.api.patterns import PATTERN_MAX, TEXT_MAX, Pattern, Unsupported

ATOMS = st.sampled_from(
    ["A", "B", "_", ".", "[AB]", "[^A]", "[]A]", r"[\]B]", r"\w", r"\.", r"\D", "^", "$", "a", "{", "[A-B_]"]
)
REPEATS = st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "{1,}", "{,2}", "*?", "{0,1}?"])


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    grouped = inner.map(lambda one: f"({one})") | inner.map(lambda one: f"(?:{one})")
    return (
        st.tuples(grouped | ATOMS, REPEATS).map("".join)
        | st.lists(inner, min_size=1, max_size=3).map("".join)
        | st.lists(inner, min_size=2, max_size=3).map("|".join).map(lambda one: f"({one})")
    )


EXPRESSIONS = st.recursive(ATOMS, _larger, max_leaves=6) | st.just("") | st.just("A|") | st.just("(|B)+")


@given(EXPRESSIONS, st.text("AB_a.{]0", max_size=6), st.booleans())
def test_what_is_found_is_what_re_finds(expression: str, text: str, ignore_case: bool) -> None:
    try:
        expected = re.search(expression, text, re.IGNORECASE if ignore_case else 0) is not None
    except re.error:
        with pytest.raises(re.error):
            Pattern(expression, ignore_case=ignore_case)
        return
    assert Pattern(expression, ignore_case=ignore_case).search(text) is expected


@pytest.mark.parametrize("expression", ["(A*)*B", "(A|A)*B", "(A?){60}B", "A*A*A*A*A*A*B", "((A+)+)+$B"])
def test_what_is_made_to_take_for_ever_does_not(expression: str) -> None:
    assert not Pattern(expression).search("A" * TEXT_MAX)


@pytest.mark.parametrize(
    "expression",
    [r"(A)\1", "(?=A)", "(?P<n>A)", "(?i)A", r"\bA", "A*+", "A{1000}", "((A{30}){30}){30}", "A" * (PATTERN_MAX + 1)],
)
def test_what_cannot_be_done_in_good_time_is_refused(expression: str) -> None:
    with pytest.raises(Unsupported):
        Pattern(expression)


def test_a_name_that_is_no_event_s_is_not_looked_at() -> None:
    assert Pattern("A").search("A" * TEXT_MAX)
    assert not Pattern("A").search("A" * (TEXT_MAX + 1))


@given(st.text("AB()[]{}*+?|^$\\,12.-:=!P<>", max_size=12))
def test_any_text_is_an_expression_or_refused(text: str) -> None:
    with suppress(re.error, Unsupported):
        Pattern(text).search("AB_AB")
