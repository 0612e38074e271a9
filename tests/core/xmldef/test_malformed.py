"""Malformed documents are told in libxml2's words, with the mark where libvirt 9.0 puts it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import parse

TOLD = [
    ("", 1, "Document is empty", "(null)", 0),
    ("x", 1, "Start tag expected, '<' not found", "x", 0),
    ("\n\n", 3, "Start tag expected, '<' not found", "(null)", 0),
    ("<domain>", 1, "Premature end of data in tag domain line 1", "<domain>", 8),
    ("<a>\n <b>x</b>\n", 3, "Premature end of data in tag a line 1", "(null)", 0),
    ("<a><b>x</a>", 1, "Opening and ending tag mismatch: b line 1 and a", "<a><b>x</a>", 11),
    ("<a>\n\t<b>x</c>\n</a>", 2, "Opening and ending tag mismatch: b line 2 and c", "\t<b>x</c>", 9),
    ("<a><b>é</c></a>", 1, "Opening and ending tag mismatch: b line 1 and c", "<a><b>é</c></a>", 12),
    ("<a xmlns:q='x'><q:b></a>", 1, "Opening and ending tag mismatch: b line 1 and a", "<a xmlns:q='x'><q:b></a>", 24),
    ("<a b=c/>", 1, "AttValue: \" or ' expected", "<a b=c/>", 5),
    ("<a b='c/>", 1, "AttValue: ' expected", "<a b='c/>", 9),
    ("<a b='1' b='2'/>", 1, "Attribute b redefined", "<a b='1' b='2'/>", 14),
    ("<a b='<'/>", 1, "Unescaped '<' not allowed in attributes values", "<a b='<'/>", 6),
    ("<a b/>", 1, "Specification mandates value for attribute b", "<a b/>", 4),
    ("<1a/>", 1, "StartTag: invalid element name", "<1a/>", 1),
    ("<domain", 1, "Couldn't find end of Start Tag domain line 1", "<domain", 7),
    ("<a></a", 1, "expected '>'", "<a></a", 6),
    ("<a><!-- ", 1, "Comment not terminated", "<a><!-- ", 8),
    ("<a>&b;</a>", 1, "Entity 'b' not defined", "<a>&b;</a>", 6),
    ("<a b='&c;'/>", 1, "Entity 'c' not defined", "<a b='&c;'/>", 9),
    ("<a>&lt</a>", 1, "EntityRef: expecting ';'", "<a>&lt</a>", 6),
    ("<a>b & c</a>", 1, "xmlParseEntityRef: no name", "<a>b & c</a>", 6),
    ("<a>\x01</a>", 1, "PCDATA invalid Char value 1", "<a>\x01</a>", 3),
    ("<a>]]></a>", 1, "Sequence ']]>' not allowed in content", "<a>]]></a>", 3),
    ("<a/>b", 1, "Extra content at the end of the document", "<a/>b", 4),
    ("<a/><b/>", 1, "Extra content at the end of the document", "<a/><b/>", 4),
    ("<a></a></a>", 1, "Extra content at the end of the document", "<a></a></a>", 7),
    (" <?xml version='1.0'?><a/>", 1, "XML declaration allowed only at the start of the document",
     " <?xml version='1.0'?><a/>", 6),
]  # fmt: skip


@pytest.mark.parametrize(("text", "number", "reason", "line", "column"), TOLD, ids=[row[0] for row in TOLD])
def test_a_mistake_is_named_and_marked(text: str, number: int, reason: str, line: str, column: int) -> None:
    with pytest.raises(VirtError) as caught:
        parse(text, "domain_definition", ErrorDomain.DOMAIN)
    first, shown, mark = caught.value.message.split("\n")
    assert (first, shown) == (f"(domain_definition):{number}: {reason}", line)
    assert (mark[-1], len(mark) - 1) == ("^", column)
    assert (caught.value.code, caught.value.domain) == (ErrorCode.XML_DETAIL, ErrorDomain.DOMAIN)


@given(st.text("<>/&;='\"ab \n\t!-[]?éx", max_size=40))
def test_any_text_is_a_document_or_told_in_three_lines(text: str) -> None:
    try:
        parse(text, "document")
        told = ""
    except VirtError as error:
        told = error.message
    assert told.count("\n") in (0, 2)
    assert told == "" or "(document):" in told
