"""The images behind an image are told one after the other, and a chain without an end is refused."""

from __future__ import annotations

import pytest

from virtloom.driver.images import Header, links
from virtloom.errors import ErrorCode, VirtError


def chain_of(path: str, form: str | None, **headers: Header) -> list[tuple[str, str | None]]:
    return [(link.path, link.format) for link in links(path, form, lambda name: headers[name.rpartition("/")[2]])]


BASE = Header("raw")
MIDDLE = Header("qcow2", backing="base", backing_format="raw")
TOP = Header("qcow2", backing="/two/middle", backing_format="qcow2")


def test_names_are_relative_to_the_image_that_has_them() -> None:
    found = chain_of("/one/top", "qcow2", top=TOP, middle=MIDDLE, base=BASE)
    assert found == [("/two/middle", "qcow2"), ("/two/base", "raw")]


def test_a_raw_image_is_not_looked_into_since_its_guest_writes_it() -> None:
    assert chain_of("/one/top", "raw") == []


def test_an_image_that_is_not_of_the_format_it_is_said_to_be_has_nothing_behind() -> None:
    assert chain_of("/one/top", "qed", top=TOP) == []


def test_a_chain_without_an_end_is_refused() -> None:
    with pytest.raises(VirtError) as caught:
        chain_of("/top", "qcow2", top=Header("qcow2", backing="top", backing_format="qcow2"))
    assert caught.value.code is ErrorCode.INTERNAL_ERROR
    assert "/top is self-referential" in str(caught.value)
