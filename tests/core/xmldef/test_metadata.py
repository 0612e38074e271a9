"""Metadata: elements are known by their namespace, are kept with a prefix and are given back without."""

from __future__ import annotations

import pytest
from guests import guest, lines

from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.domain.metadata import element, with_description, with_element, with_title

URI = "urn:example"
TEXT = "<derp xmlns:foobar='http://foo.bar/'>\n  <bar/>\n</derp>"


def test_an_element_is_kept_with_its_prefix() -> None:
    domain = with_element(guest(), URI, "<a><b/></a>", "k")
    assert lines(domain, "metadata") == [
        "<metadata>", "<k:a xmlns:k='urn:example'>", "<k:b/>", "</k:a>", "</metadata>",
    ]  # fmt: skip


def test_an_element_is_given_back_as_it_was() -> None:
    assert element(with_element(guest(), URI, TEXT, "k"), URI) == TEXT


def test_a_second_element_of_a_namespace_takes_the_place_of_the_first() -> None:
    domain = with_element(with_element(guest(), URI, "<a/>", "k"), URI, "<b/>", "l")
    assert element(domain, URI) == "<b/>"


def test_elements_of_other_namespaces_stay() -> None:
    domain = with_element(with_element(guest(), URI, "<a/>", "k"), "urn:other", "<b/>", "l")
    assert element(with_element(domain, URI, None), "urn:other") == "<b/>"


def test_what_held_the_elements_is_left_when_the_last_is_taken_out() -> None:
    domain = with_element(with_element(guest(), URI, "<a/>", "k"), URI, None)
    assert element(domain, URI) is None
    assert "<metadata/>" in domain.format()
    assert "<metadata/>" not in with_element(guest(), URI, None).format()


def test_an_element_that_is_no_xml_is_refused() -> None:
    with pytest.raises(VirtError) as caught:
        with_element(guest(), URI, "<a>", "k")
    assert caught.value.code is ErrorCode.XML_DETAIL


def test_a_title_is_one_line() -> None:
    assert with_title(guest(), "Web").title == "Web"
    assert with_title(guest(), "").title is None
    with pytest.raises(VirtError) as caught:
        with_title(guest(), "a\nb")
    assert caught.value.message == "invalid argument: metadata title can't contain newlines"


def test_a_description_may_be_long() -> None:
    assert with_description(guest(), "a\nb").description == "a\nb"
