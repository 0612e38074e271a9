"""A domain whose document is read when somebody looks at more than its name and its uuid.

A host that starts has thousands of guests, of which most are not looked at for hours; to read one takes a millisecond.
Guarantees: nobody can tell it from a domain that was read at once, but by the time that the first look takes.
Assumes: the document is one that was written from a domain (`kept_document`), so that it can be read.
"""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from virtloom.errors import ErrorDomain
from virtloom.xmldef.definition import Definition
from virtloom.xmldef.document import parse
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.sharing import share

KNOWN = frozenset({"name", "uuid", "__class__"})
TEXT = " text"  # beside the fields, whose names have no space
# As domains are written; a name with an escape in it is left to who reads XML.
HEAD = re.compile(r"<domain [^>]*>\n  <name>([^<&]+)</name>\n  <uuid>([0-9a-f-]{36})</uuid>\n")


class Unread(Domain):
    """A domain before the first look at it; then it is a `Domain`."""

    def __getattribute__(self, name: str) -> Any:
        if name not in KNOWN:
            _read(self)
        return object.__getattribute__(self, name)

    def __eq__(self, other: object) -> bool:
        _read(self)
        return Definition.__eq__(self, other)

    __hash__ = None  # type: ignore[assignment]


def unread(text: str) -> Domain | None:
    """The domain of a document that `kept_document` wrote; None if its name and uuid cannot be seen at once."""
    head = HEAD.match(text)
    if head is None:
        return None
    domain = Unread.__new__(Unread)
    fields = object.__getattribute__(domain, "__dict__")
    fields.update({"name": head[1], "uuid": UUID(head[2]).bytes, TEXT: text})
    return domain


def _read(domain: Domain) -> None:
    """Read it, and let it be what it was read as.

    Two threads may do so at once: both find the same, and the class changes when all fields are there.
    """
    fields = object.__getattribute__(domain, "__dict__")
    text = fields.get(TEXT)
    if text is None:
        return
    found = share(Domain.read(parse(text, "domain_definition", ErrorDomain.DOMAIN)))
    fields.update(found.__dict__)
    fields.pop(TEXT, None)
    object.__setattr__(domain, "__class__", Domain)
