"""A document that comes again is not read again, unless something was made up for it."""

from __future__ import annotations

import pytest

from virtloom.errors import VirtError
from virtloom.xmldef import chance, remembered
from virtloom.xmldef.domain.rules import DomainRules
from virtloom.xmldef.remembered import Remembered


def test_what_was_made_of_a_document_is_kept() -> None:
    made = Remembered(lambda text: [text])
    assert made("<a/>") is made("<a/>")
    assert made("<b/>") == ["<b/>"]


def test_what_is_made_up_is_made_up_each_time() -> None:
    made = Remembered(lambda text: chance.uuid())
    assert made("<a/>") != made("<a/>")


def test_what_fails_fails_each_time() -> None:
    calls = []

    def fail(text: str) -> None:
        calls.append(text)
        raise ValueError(text)

    made = Remembered(fail)
    for _ in range(2):
        with pytest.raises(ValueError, match="<a/>"):
            made("<a/>")
    assert calls == ["<a/>", "<a/>"]


def test_the_memory_has_a_bound() -> None:
    made = Remembered(lambda text: [text])
    long = "x" * (remembered.LONGEST + 1)
    assert made(long) is not made(long)
    for number in range(10 * remembered.DOCUMENTS):
        made(str(number))
    assert len(made._made) <= remembered.DOCUMENTS


DOCUMENT = """<domain type='test'>
  <name>twice</name><uuid>6695eb01-f6a4-8304-79aa-97f2502e193f</uuid>
  <memory>1024</memory><os><type>hvm</type></os>
  {}
</domain>"""
CARD = "<devices><interface type='network'><source network='default'/></interface></devices>"


@pytest.mark.parametrize("repeatable", [False, True])
def test_rules_that_look_at_nothing_else_read_a_document_once(repeatable: bool) -> None:
    rules = DomainRules((), ("x86_64",), repeatable=repeatable)
    whole = DOCUMENT.format("")
    assert (rules.parse(whole) is rules.parse(whole)) is repeatable
    assert rules.parse(whole) == rules.parse(whole)


def test_an_interface_without_an_address_gets_another_one_each_time() -> None:
    rules = DomainRules((), ("x86_64",), repeatable=True)
    cards = [rules.parse(DOCUMENT.format(CARD)).parts.interfaces[0] for _ in range(2)]
    assert cards[0].mac != cards[1].mac


def test_rules_refuse_a_document_each_time() -> None:
    rules = DomainRules((), ("x86_64",), repeatable=True)
    for _ in range(2):
        with pytest.raises(VirtError, match="an os <type> must be specified"):
            rules.parse(DOCUMENT.format("").replace("<os><type>hvm</type></os>", ""))
