"""A file that the daemon wrote is known by its seal, until somebody changes it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtloom.driver.files.seal import bears_seal, sealed, unsealed, writer_of

TEXTS = st.text()


@given(TEXTS)
def test_what_was_sealed_is_found_behind_the_seal(text: str) -> None:
    assert unsealed(sealed(text, "virtloom 1"), "virtloom 1") == text


@given(TEXTS, st.data())
def test_a_text_that_was_changed_is_not_ours(text: str, data: st.DataObject) -> None:
    whole = sealed(text, "virtloom 1")
    at = data.draw(st.integers(0, len(whole)))
    changed = whole[:at] + data.draw(st.sampled_from(["x", " ", "\n"])) + whole[at:]
    assert unsealed(changed, "virtloom 1") is None


@given(TEXTS)
def test_another_version_does_not_know_the_seal(text: str) -> None:
    assert unsealed(sealed(text, "virtloom 1"), "virtloom 2") is None


@given(TEXTS)
def test_a_text_of_others_has_none(text: str) -> None:
    assert unsealed(text, "virtloom 1") is None


def test_whether_a_text_bears_one_holds_for_broken_ones_too() -> None:
    assert bears_seal(sealed("<domain/>", "virtloom 1") + "<!-- mine -->")
    assert not bears_seal("<domain/>")


@given(TEXTS)
def test_who_wrote_it_can_be_read(text: str) -> None:
    assert writer_of(sealed(text, "virtloom 1 with qemu 2")) == ("virtloom 1 with qemu 2", text)
    with pytest.raises(ValueError, match="no seal"):
        writer_of("<domain/>")


def test_it_is_a_comment_that_says_what_to_do() -> None:
    assert sealed("<domain/>\n", "virtloom 1").splitlines() == [
        "<!-- Written by virtloom 1, which overwrites it: use virsh edit. Sealed: 6d12ff17 -->",
        "<domain/>",
    ]
