"""Where what is made up comes from: the uuids and addresses that a document leaves out.

The system's own source of random bytes, unless a driver binds another to its thread: the test driver does, so that
a test run gives the same answers as the one before.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

Draw = Callable[[int], bytes]  # so many random bytes


class _Local(threading.local):
    draw: Draw = staticmethod(os.urandom)
    draws = 0


_local = _Local()


def random_bytes(count: int) -> bytes:
    """So many bytes."""
    _local.draws += 1
    return _local.draw(count)


def uuid() -> UUID:
    """A uuid of version 4."""
    return UUID(bytes=random_bytes(16), version=4)


def draws() -> int:
    """How often this thread has made something up."""
    return _local.draws


@contextmanager
def drawn_from(draw: Draw) -> Iterator[None]:
    """Take what is made up in a block, in this thread, from another source."""
    outer = _local.draw
    _local.draw = draw
    try:
        yield
    finally:
        _local.draw = outer
