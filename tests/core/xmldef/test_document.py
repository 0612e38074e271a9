"""Documents: what is malformed or costs more than it is long is refused, and what is written reads as it was."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.document import ATTRIBUTES_MAX, DEPTH_MAX, LIMITS, Node, parse, write

LAUGHS = """<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<domain><name>&b;</name></domain>"""

HOSTILE = {
    "entities of its own": LAUGHS,
    "a DOCTYPE": "<!DOCTYPE domain><domain/>",
    "a DOCTYPE from elsewhere": '<!DOCTYPE domain SYSTEM "file:///etc/passwd"><domain/>',
    "too deep": "<a>" * (DEPTH_MAX + 1) + "</a>" * (DEPTH_MAX + 1),
    "too many elements": "<a>" + "<b/>" * LIMITS.nodes + "</a>",
    "too many attributes": "<a " + " ".join(f"a{n}='1'" for n in range(ATTRIBUTES_MAX + 1)) + "/>",
    "too long": "<a>" + "x" * LIMITS.size + "</a>",
}
MALFORMED = {
    "nothing": "",
    "no element": "text",
    "an element that is not closed": "<domain>",
    "two roots": "<a/><b/>",
    "an attribute twice": "<a b='1' b='2'/>",
    "an entity that nobody declared": "<a>&none;</a>",
    "half of a character": "<a>\ud800</a>",
    "a character that XML does not have": "<a>\x01</a>",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_document_is_refused(text: str) -> None:
    with pytest.raises(VirtError) as caught:
        parse(text)
    assert caught.value.code is ErrorCode.XML_ERROR


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_document_is_refused(text: str) -> None:
    with pytest.raises(VirtError) as caught:
        parse(text, "domain_definition")
    assert caught.value.code is ErrorCode.XML_DETAIL
    assert caught.value.message.startswith("(domain_definition):1: ")


def test_the_place_of_a_mistake_is_shown() -> None:
    with pytest.raises(VirtError) as caught:
        parse("<domain>\n  <name>x</nam>\n</domain>", "domain_definition")
    _, line, mark = caught.value.message.split("\n")
    assert line == "  <name>x</nam>"
    assert mark.strip("-") == "^"


def test_what_is_written_looks_as_libvirt_writes_it() -> None:
    node = parse('<a  b="1"><c>x &lt; y</c><d></d></a>')
    assert write(node) == "<a b='1'>\n  <c>x &lt; y</c>\n  <d/>\n</a>\n"


def test_quotes_are_escaped() -> None:
    assert write(Node("a", {"b": "'\"<>&"})) == "<a b='&apos;&quot;&lt;&gt;&amp;'/>\n"


def test_prefixes_and_namespaces_stay_as_they_were() -> None:
    text = "<metadata>\n  <k:a xmlns:k='urn:x'>\n    <k:b/>\n  </k:a>\n</metadata>\n"
    assert write(parse(text)) == text


names = st.from_regex(r"[a-z][a-z0-9_.-]{0,5}", fullmatch=True)
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="￾￿"), max_size=20)


@st.composite
def nodes(draw: st.DrawFn, depth: int = 3) -> Node:
    node = Node(draw(names), draw(st.dictionaries(names, texts, max_size=3)))
    if depth and draw(st.booleans()):
        node.children = draw(st.lists(nodes(depth - 1), max_size=3))
    if not node.children:
        node.text = draw(texts)
    return node


@given(nodes())
def test_a_node_that_is_written_reads_as_it_was(node: Node) -> None:
    assert parse(write(node)) == node


@given(st.text(max_size=60))
def test_only_the_projects_errors_leave_the_parser(text: str) -> None:
    with suppress(VirtError):
        assert parse(f"<a>{text}</a>").tag == "a"
