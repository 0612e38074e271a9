"""The images behind an image, one after the other, as their headers name them.

A header is a guest's to write: what it names is looked at only through the caller, who knows what may be opened and
with which deadline, and who refuses what should not be read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import NamedTuple

from virtloom.driver.images.headers import Header
from virtloom.errors import ErrorCode, ErrorDomain, VirtError

DEPTH = 200  # images on top of one another, which is also the most that QEMU opens
BACKED = frozenset({"qcow2", "qcow", "qed", "vmdk"})


class Link(NamedTuple):
    """One image that is behind another.

    :ivar of: the path of the image that names it; :ivar named: how; :ivar path: where it is.
    :ivar format: as the other says; None if it does not.
    """

    of: str
    named: str
    path: str
    format: str | None


def links(path: str, form: str | None, look: Callable[[str], Header]) -> Iterator[Link]:
    """What is behind an image, the nearest first. An image is looked at when the next one is asked for.

    :param form: the image's format as it was declared; None to go by its header, as no guest's raw image may be.
    :param look: the header of a file.
    :raises VirtError: INTERNAL_ERROR for a chain without an end, and what `look` raises.
    """
    first = path
    for _ in range(DEPTH + 1):
        if form is not None and form not in BACKED:
            return
        header = look(path)
        if header.backing is None or form not in (None, header.format):
            return
        place = os.path.join(os.path.dirname(path), header.backing.removeprefix("file:"))
        yield Link(path, header.backing, place, header.backing_format)
        path, form = place, header.backing_format
    raise VirtError(ErrorCode.INTERNAL_ERROR, f"backing store for {first} is self-referential", ErrorDomain.STORAGE)
