"""Rules and findings are sentences."""

from __future__ import annotations

from virtloom.locks.checking.rules import Finding, Rule
from virtloom.locks.checking.sites import Site


def test_each_rule_is_a_sentence_of_its_own() -> None:
    assert len({rule.value for rule in Rule}) == len(Rule)
    assert all(len(rule.value.split()) > 4 for rule in Rule)


def test_a_finding_prints_in_one_line() -> None:
    finding = Finding(Rule.REENTRY, "a is taken again", "worker-1", None, (Site("driver.py", 7, "create"),))
    assert str(finding) == "REENTRY: a is taken again (thread worker-1 at driver.py:7 in create)"


def test_a_finding_names_both_places_the_object_the_api_and_the_client() -> None:
    here, there = Site("driver.py", 7, "create"), Site("driver.py", 3, "create")
    detail = "domains is taken while domain 1 is held"
    finding = Finding(Rule.LEVEL, detail, "w-1", "virDomainCreate", (here,), "unix 7", "domain 1", there)
    assert str(finding) == (
        f"LEVEL: {detail} (thread w-1 in virDomainCreate for client unix 7 at driver.py:7 in create; "
        "domain 1 was taken at driver.py:3 in create)"
    )
