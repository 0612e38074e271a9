"""A small guest for the tests, and the rules of a driver that runs it."""

from __future__ import annotations

from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.rules import DomainRules

RULES = DomainRules(types=("test",), arches=("i686", "x86_64"), os_types=("hvm", "xen"))
UUID = "c7a5fdbd-edaf-9455-926a-d65c16db1809"
HEAD = f"<name>guest</name><uuid>{UUID}</uuid><memory unit='MiB'>64</memory>"


def document(devices: str = "", *, os: str = "<type>hvm</type>", more: str = "", head: str = HEAD) -> str:
    """A guest's document with some devices."""
    return f"<domain type='test'>{head}<os>{os}</os>{more}<devices>{devices}</devices></domain>"


def guest(devices: str = "", *, os: str = "<type>hvm</type>", more: str = "", head: str = HEAD) -> Domain:
    """A guest with some devices."""
    return RULES.parse(document(devices, os=os, more=more, head=head))


def lines(domain: Domain, tag: str) -> list[str]:
    """How the domain's elements of a name are written, without indentation."""
    kept: list[str] = []
    inside = False
    for line in domain.format(secure=True).split("\n"):
        text = line.strip()
        starts = text.startswith((f"<{tag}>", f"<{tag} ", f"<{tag}/>"))
        if inside or starts:
            kept.append(text)
        if starts and not text.endswith("/>") and f"</{tag}>" not in text:
            inside = True
        elif text == f"</{tag}>":
            inside = False
    return kept
