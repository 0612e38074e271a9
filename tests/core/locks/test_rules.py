"""Rules are sentences, and a stack begins where the caller's code ends."""

from __future__ import annotations

from virtloom.locks.rules import Finding, Rule, Site, caller_stack


def test_each_rule_is_a_sentence_of_its_own() -> None:
    assert len({rule.value for rule in Rule}) == len(Rule)
    assert all(len(rule.value.split()) > 4 for rule in Rule)


def test_a_stack_begins_at_the_caller_and_is_bounded() -> None:
    def deep(levels: int) -> tuple[Site, ...]:
        return caller_stack() if levels == 0 else deep(levels - 1)

    stack = deep(30)
    assert len(stack) == 12
    assert {site.file for site in stack} == {__file__}


def test_a_finding_prints_in_one_line() -> None:
    finding = Finding(Rule.REENTRY, "a is taken again", "worker-1", None, (Site("driver.py", 7, "create"),))
    assert str(finding) == "REENTRY: a is taken again (thread worker-1 at driver.py:7 in create)"
