"""Typed parameters are checked as virTypedParamsValidate checks them."""

from __future__ import annotations

import pytest

from virtloom.driver.params import STRING, UINT, checked, int_, string, uint
from virtloom.errors import ErrorCode, VirtError

ALLOWED = {"weight": UINT, "label": STRING}


def test_parameters_become_a_mapping() -> None:
    assert checked([uint("weight", 4), string("label", "x")], ALLOWED) == {"weight": 4, "label": "x"}


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(VirtError, match="parameter 'bogus' not supported") as caught:
        checked([uint("bogus", 4)], ALLOWED)
    assert caught.value.code is ErrorCode.ARGUMENT_UNSUPPORTED


def test_a_wrong_type_is_refused_with_both_types_named() -> None:
    with pytest.raises(VirtError, match="invalid type 'int' for parameter 'weight', expected 'uint'"):
        checked([int_("weight", 4)], ALLOWED)


def test_a_name_given_twice_is_refused_unless_it_may_be() -> None:
    twice = [uint("weight", 4), uint("weight", 5)]
    with pytest.raises(VirtError, match="parameter 'weight' occurs multiple times"):
        checked(twice, ALLOWED)
    assert checked(twice, ALLOWED, repeatable=frozenset({"weight"})) == {"weight": 5}
