"""A fault is described by a table, and what is wrong with one is told with what was meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtloom.errors import VirtError
from virtloom_test.faults.armed import Armed
from virtloom_test.faults.fault import ACTIONS, Fault, parse_fault
from virtloom_test.faults.file import read_faults


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ({}, "'do' must be one of error, delay"),
        ({"do": "eror"}, "not 'eror'; did you mean 'error'?"),
        ({"do": "error", "procedure": "domain_create"}, "it has no key 'procedure'"),
        ({"do": "error", "objct": "web"}, "no key 'objct'; did you mean 'object'?"),
        ({"do": "error", "code": "NO_DOMAN"}, "no error code 'NO_DOMAN'; did you mean 'NO_DOMAIN'?"),
        ({"do": "delay", "seconds": "2"}, "'seconds' must be a number, not '2'"),
        ({"do": "delay", "nth": True}, "'nth' must be a whole number, not True"),
        ({"do": "error", "probability": 1.5}, "'probability' is between 0 and 1"),
        ({"do": "delay", "seconds": -1}, "are not negative"),
    ],
)
def test_a_wrong_table_is_refused_with_the_reason(table: dict[str, Any], reason: str) -> None:
    with pytest.raises(VirtError, match="fault 'fault-3'") as caught:
        parse_fault(table, 3)
    assert reason in caught.value.message


def test_an_error_code_may_have_libvirts_prefix() -> None:
    assert parse_fault({"do": "error", "code": "VIR_ERR_NO_DOMAIN"}, 1).code == "NO_DOMAIN"


def test_calls_are_meant_by_procedure_or_function_and_by_the_objects_name() -> None:
    fault = parse_fault({"do": "error", "uri": "test:///host/*", "call": "domain_create*", "object": "web*"}, 1)
    by_api = parse_fault({"do": "error", "call": "virDomainCreate"}, 1)
    assert fault.fits_call("test:///host/1", "domain_create_with_flags", "virDomainCreateWithFlags", "web1")
    assert not fault.fits_call("test:///default", "domain_create_with_flags", "virDomainCreateWithFlags", "web1")
    assert not fault.fits_call("test:///host/1", "domain_create_with_flags", "virDomainCreateWithFlags", None)
    assert by_api.fits_call("test:///default", "domain_create", "virDomainCreate", None)


def test_the_nth_alone_is_hit_and_so_often_as_said() -> None:
    assert [Armed(Fault("a", "error", nth=2), "").take() for _ in range(1)] == [False]
    second, twice = Armed(Fault("a", "error", nth=2), ""), Armed(Fault("b", "error", times=2), "")
    assert [second.take() for _ in range(4)] == [False, True, False, False]
    assert [twice.take() for _ in range(4)] == [True, True, False, False]
    assert (twice.fitted, twice.hit) == (4, 2)


@given(seed=st.text(min_size=1), probability=st.floats(0, 1))
def test_chances_follow_from_the_seed(seed: str, probability: float) -> None:
    runs = [Armed(Fault("a", "error", probability=probability), seed) for _ in range(2)]
    first, second = ([armed.take() for _ in range(50)] for armed in runs)
    assert first == second


@given(st.dictionaries(st.sampled_from(["do", "uri", "nth", "seconds", "code"]), st.integers() | st.text()))
def test_any_table_is_a_fault_or_a_clear_refusal(table: dict[str, Any]) -> None:
    told = ""
    try:
        told = parse_fault(table, 1).do
    except VirtError as error:
        told = error.message
    assert told in ACTIONS or "fault 'fault-1'" in told


def test_a_file_has_tables_of_faults_and_all_that_is_wrong_names_the_file(tmp_path: Path) -> None:
    file = tmp_path / "faults.toml"
    file.write_text('[[fault]]\ndo = "close"\n[[fault]]\nname = "slow"\ndo = "delay"\n')
    assert [fault.name for fault in read_faults(file)] == ["fault-1", "slow"]
    for text in ('[fault]\ndo = "close"', "[[fault]]\ndo = 1", "nonsense", '[[faults]]\ndo = "close"'):
        file.write_text(text)
        with pytest.raises(VirtError, match=r"faults\.toml"):
            read_faults(file)
    with pytest.raises(VirtError, match="No such file"):
        read_faults(tmp_path / "none.toml")
