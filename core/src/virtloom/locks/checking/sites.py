"""Places in the source: the line that took a lock, and the stack that led to a breach.

Guarantees: a place is found without reading a source file, since locks are held then. `raw_site` costs a fraction of a
microsecond: it keeps the code and the offset in it, and `site_of` finds the line when somebody asks.
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from types import CodeType, FrameType
from typing import NamedTuple

_DEPTH = 12  # lines kept of a stack: enough to reach the driver's method from the deepest helper
# The files whose frames are nobody's place: this package's, and the one that makes `with` blocks of generators.
_NOT_A_PLACE = frozenset([*map(str, Path(__file__).parent.parent.rglob("*.py")), contextlib.__file__])

RawSite = tuple[CodeType, int]


class Site(NamedTuple):
    """One line of a stack."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} in {self.function}"


def raw_site() -> RawSite | None:
    """The caller's place outside of this package, to be made readable by `site_of`."""
    frame = _outside(sys._getframe(1))
    return None if frame is None else (frame.f_code, frame.f_lasti)


def site_from(frame: FrameType) -> RawSite | None:
    """The place of a frame, which is nearly always outside of this package, or of its caller that is."""
    code = frame.f_code
    return raw_site() if code.co_filename in _NOT_A_PLACE else (code, frame.f_lasti)


def site_of(raw: RawSite | None) -> Site | None:
    """A place that `raw_site` kept."""
    if raw is None:
        return None
    code, offset = raw
    lines = (line for start, end, line in code.co_lines() if start <= offset < end)
    return Site(code.co_filename, next(lines, None) or code.co_firstlineno, code.co_qualname)


def caller_stack() -> tuple[Site, ...]:
    """The stack of the caller, innermost line first, from outside of this package on."""
    return stack_outside(sys._getframe(1))


def stack_outside(frame: FrameType | None) -> tuple[Site, ...]:
    """The lines of a stack from the first one outside of this package on."""
    return stack_of(_outside(frame))


def stack_of(frame: FrameType | None, depth: int = _DEPTH) -> tuple[Site, ...]:
    """The lines of a stack from a frame on, innermost first, `depth` at most."""
    sites: list[Site] = []
    while frame is not None and len(sites) < depth:
        sites.append(Site(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_qualname))
        frame = frame.f_back
    return tuple(sites)


def _outside(frame: FrameType | None) -> FrameType | None:
    """The first frame, from an inner one on, that is somebody's place."""
    while frame is not None and frame.f_code.co_filename in _NOT_A_PLACE:
        frame = frame.f_back
    return frame
