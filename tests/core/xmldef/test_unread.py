"""A domain whose document was not read yet is the domain that it was written from."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from guests import HEAD, UUID, guest
from test_domain import FORMS, FULL

from virtloom.errors import VirtError
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.formatting import format_domain
from virtloom.xmldef.domain.unread import TEXT, Unread, unread


def written(domain: Domain) -> str:
    return format_domain(domain, secure=True, inactive=True)


def again(domain: Domain) -> Domain:
    found = unread(written(domain))
    assert found is not None
    return found


def is_read(domain: Domain) -> bool:
    return TEXT not in object.__getattribute__(domain, "__dict__")


@pytest.mark.parametrize("devices", ["", FULL, *(given for given, _, _ in FORMS.values())])
def test_it_is_equal_and_is_written_the_same(devices: str) -> None:
    domain = guest(devices)
    assert again(domain) == domain
    assert domain == again(domain)
    assert again(domain) == again(domain)
    assert written(again(domain)) == written(domain)


def test_it_is_not_read_for_its_name_and_uuid() -> None:
    found = again(guest(FULL))
    assert (found.name, found.uuid) == ("guest", bytes.fromhex(UUID.replace("-", "")))
    assert isinstance(found, Domain)
    assert not is_read(found)


LOOKS: dict[str, Callable[[Domain], object]] = {
    "a field": lambda domain: domain.memory,
    "its devices": lambda domain: domain.parts,
    "another of it": lambda domain: domain.replace(title="new"),
    "its text": lambda domain: domain.format(),
    "what it prints as": repr,
    "whether it is another": lambda domain: domain == 1,
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_the_first_look_reads_it_whole(look: Callable[[Domain], object]) -> None:
    found = again(guest(FULL))
    look(found)
    assert is_read(found)
    assert type(found) is Domain
    assert found == guest(FULL)


def test_a_changed_one_is_an_ordinary_domain() -> None:
    changed = again(guest(FULL)).replace(title="new")
    assert type(changed) is Domain
    assert (changed.title, changed.name, changed.parts) == ("new", "guest", guest(FULL).parts)


def test_it_never_changes() -> None:
    found = again(guest())
    with pytest.raises(AttributeError):
        found.title = "new"
    with pytest.raises(TypeError):
        hash(found)


def test_a_name_that_was_escaped_is_left_to_the_reader() -> None:
    assert unread(written(guest(head=HEAD.replace("guest", "a&lt;b")))) is None


@pytest.mark.parametrize("text", ["", "<network/>", "<domain type='test'><name>x</name></domain>"])
def test_another_text_is_none(text: str) -> None:
    assert unread(text) is None


def test_what_cannot_be_read_is_told_at_each_look() -> None:
    found = unread(written(guest()).replace("</domain>", ""))
    assert found is not None
    for _ in range(2):
        with pytest.raises(VirtError, match="domain_definition"):
            _ = found.memory
    assert found.name == "guest"


def test_many_may_look_at_once() -> None:
    whole = guest(FULL)
    for _ in range(20):
        found, start = again(whole), threading.Barrier(4)
        seen: list[bool] = []

        def look(found: Domain = found, start: threading.Barrier = start, seen: list[bool] = seen) -> None:
            start.wait(20)
            seen.append((found.memory, found.parts) == (whole.memory, whole.parts))

        threads = [threading.Thread(target=look) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert seen == [True] * 4
        assert type(found) is Domain


def test_the_class_is_no_kind_of_its_own() -> None:
    assert (Unread.tag, Unread.fields) == (Domain.tag, Domain.fields)
