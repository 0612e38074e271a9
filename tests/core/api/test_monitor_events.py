"""A client chooses among the events of monitors by their names: the name, whatever its case, or an expression."""

from __future__ import annotations

import pytest

from virtloom.api.builtin import MonitorEvents, by_name
from virtloom.errors import ErrorCode, VirtError

REGEX, NOCASE = MonitorEvents.REGEX, MonitorEvents.NOCASE


@pytest.mark.parametrize(
    ("name", "flags", "told"),
    [
        ("STOP", 0, ["STOP"]),
        ("stop", 0, []),
        ("stop", NOCASE, ["STOP"]),
        ("^R", REGEX, ["RESET", "RESUME"]),
        ("^res", REGEX, []),
        ("^res", REGEX | NOCASE, ["RESET", "RESUME"]),
    ],
)
def test_names_are_chosen(name: str, flags: int, told: list[str]) -> None:
    wants = by_name(name, flags)
    assert wants is not None
    assert [one for one in ("RESET", "RESUME", "STOP") if wants(one)] == told


def test_without_a_name_all_are_told_and_nonsense_is_refused() -> None:
    assert by_name(None, REGEX) is None
    for name in ("(", r"(A)\1", "A{999}"):
        with pytest.raises(VirtError, match="failed to compile regex") as caught:
            by_name(name, REGEX)
        assert caught.value.code is ErrorCode.INVALID_ARG


def test_an_expression_made_to_take_for_ever_holds_nobody_up() -> None:
    wants = by_name("(A*)*$B", REGEX)
    assert wants is not None
    assert not wants("A" * 100)
