"""What is wrong with a document that is no XML, in the words that libvirt's users know and search for.

libvirt shows what libxml2 says, the line, and a mark below the place (`catchXMLError` in util/virxml.c). Expat, which
reads our documents, finds the same mistakes and calls most of them "not well-formed"; here they get their names.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple
from xml.parsers import expat

CODES = expat.errors.codes


class Place(NamedTuple):
    """Where reading ended.

    :ivar text: the document; :ivar at: the place in it that expat names.
    :ivar code: what expat found.
    :ivar open: the elements that have begun and not ended: each one's name and line.
    """

    text: str
    at: int
    code: int
    open: list[tuple[str, int]]


Finding = tuple[str, int]  # what is wrong, and the place that the mark points at


def describe(what: str, place: Place) -> str:
    """The whole message, of three lines.

    :param what: what libvirt calls the document, in parentheses.
    """
    reason, at = _diagnose(place)
    text = place.text
    start = at
    while 0 < start < len(text) and text[start] in "\r\n":
        start -= 1  # the mark is at a line's end: that line is shown
    start = max(text.rfind("\n", 0, start + 1), text.rfind("\r", 0, start + 1)) + 1
    line = re.split(r"[\r\n]", text[start:], maxsplit=1)[0]
    number = text.count("\n", 0, at) + 1
    dashes = re.sub(
        "[^\t]", lambda character: "-" * len(character[0].encode("utf-8", "surrogatepass")), line[: at - start]
    )
    return f"({what}):{number}: {reason}\n{line or '(null)'}\n{dashes}^"


def _diagnose(place: Place) -> Finding:
    name = CODES_TO_NAMES.get(place.code)
    if name is not None:
        found = name(place)
        if found is not None:
            return found
    return expat.ErrorString(place.code), place.at


def _nothing(place: Place) -> Finding | None:
    if place.open:
        tag, line = place.open[-1]
        return f"Premature end of data in tag {_local(tag)} line {line}", len(place.text)
    if not place.text:
        return "Document is empty", 0
    return "Start tag expected, '<' not found", len(place.text) - len(place.text.lstrip())


def _mismatch(place: Place) -> Finding | None:
    tag, line = place.open[-1]
    ending = re.compile(r"([^\s>]*)\s*>?").match(place.text, place.at)
    assert ending is not None
    return f"Opening and ending tag mismatch: {_local(tag)} line {line} and {_local(ending[1])}", ending.end()


def _duplicate(place: Place) -> Finding | None:
    attribute = re.compile(r"""([^\s=]+)\s*=\s*(["']).*?\2""", re.DOTALL).match(place.text, place.at)
    return None if attribute is None else (f"Attribute {attribute[1]} redefined", attribute.end())


def _entity(place: Place) -> Finding | None:
    # In an attribute, expat names the place where its element begins.
    reference = re.compile(r"&(?!(?:lt|gt|amp|apos|quot);|#)([^;\s]*);").search(place.text, place.at)
    return None if reference is None else (f"Entity '{reference[1]}' not defined", reference.end())


def _extra(place: Place) -> Finding | None:
    return "Extra content at the end of the document", place.at


def _declaration(place: Place) -> Finding | None:
    return "XML declaration allowed only at the start of the document", place.at + len("<?xml")


# A start tag that ends in an attribute's name, after whole attributes.
BARE_ATTRIBUTE = re.compile(r"""<[^\s/<>!?][^\s/<>]*(?:\s+[^\s=]+\s*=\s*(?:"[^"]*"|'[^']*'))*\s+([^\s=<>/"']+)\s*$""")


def _unclosed(place: Place) -> Finding | None:
    rest, end = place.text[place.at :], len(place.text)
    if rest.startswith("<!--"):
        return "Comment not terminated", end
    if rest.startswith("</"):
        return "expected '>'", end
    if quote := re.search(r"""=\s*(["'])(?:(?!\1).)*$""", rest, re.DOTALL):
        return f"AttValue: {quote[1]} expected", end
    if attribute := BARE_ATTRIBUTE.match(rest):
        return f"Specification mandates value for attribute {attribute[1]}", end
    tag = re.match(r"<([^\s/<>!?][^\s/<>]*)", rest)
    line = place.text.count("\n", 0, place.at) + 1
    return None if tag is None else (f"Couldn't find end of Start Tag {_local(tag[1])} line {line}", end)


def _token(place: Place) -> Finding | None:
    """A character that may not stand where it stands: what it is depends on what is before it."""
    before, here = place.text[: place.at], place.text[place.at : place.at + 1]
    if not before.strip() and here != "<":
        return "Start tag expected, '<' not found", place.at
    if before.endswith("&"):
        return "xmlParseEntityRef: no name", place.at
    if re.search(r"&[\w.:-]+$", before[-80:]):
        return "EntityRef: expecting ';'", place.at
    if before.rfind("<") > before.rfind(">"):
        return _in_tag(before[before.rfind("<") :], here, place.at)
    if before.endswith("]]"):
        return "Sequence ']]>' not allowed in content", place.at - 2
    if here and ord(here) < 32:
        return f"PCDATA invalid Char value {ord(here)}", place.at
    return None


def _in_tag(tag: str, here: str, at: int) -> Finding | None:
    """The same inside a start tag, of which `tag` is what was read."""
    if tag == "<" and here == "/":
        return "Extra content at the end of the document", at - 1
    if tag == "<":
        return "StartTag: invalid element name", at
    if re.search(r"=\s*$", tag):
        return "AttValue: \" or ' expected", at
    if here == "<" and re.search(r"""=\s*(["'])(?:(?!\1).)*$""", tag, re.DOTALL):
        return "Unescaped '<' not allowed in attributes values", at
    attribute = re.search(r"\s([^\s=\"']+)\s*$", tag)
    return None if attribute is None else (f"Specification mandates value for attribute {attribute[1]}", at)


def _local(tag: str) -> str:
    return tag.rpartition(":")[2]


CODES_TO_NAMES: dict[int, Callable[[Place], Finding | None]] = {
    CODES[expat.errors.XML_ERROR_NO_ELEMENTS]: _nothing,
    CODES[expat.errors.XML_ERROR_SYNTAX]: _nothing,
    CODES[expat.errors.XML_ERROR_TAG_MISMATCH]: _mismatch,
    CODES[expat.errors.XML_ERROR_DUPLICATE_ATTRIBUTE]: _duplicate,
    CODES[expat.errors.XML_ERROR_UNDEFINED_ENTITY]: _entity,
    CODES[expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT]: _extra,
    CODES[expat.errors.XML_ERROR_MISPLACED_XML_PI]: _declaration,
    CODES[expat.errors.XML_ERROR_UNCLOSED_TOKEN]: _unclosed,
    CODES[expat.errors.XML_ERROR_INVALID_TOKEN]: _token,
}
