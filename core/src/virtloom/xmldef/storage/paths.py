"""Paths in one form."""

from __future__ import annotations

import re


def sanitized(path: str) -> str:
    """A path without repeated and trailing slashes; two leading ones and URIs stay (`virFileSanitizePath`)."""
    if re.match(r"[^/]*://", path):
        return path
    lead = "//" if re.match(r"//(?!/)", path) else ""
    rest = re.sub(r"/+", "/", path[len(lead) :])
    if len(rest) > 1 or lead:
        rest = rest.rstrip("/")
    return lead + rest
