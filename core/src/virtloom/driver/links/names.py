"""Names for links that are made for guests: the first that are free (`virNetDevGenerateName`)."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from itertools import count

from virtloom.driver.links.netlink import exists, link_names, netlink_error, refused

PREFIX, MACVLAN, MACVTAP = "vnet", "macvlan", "macvtap"
MADE_UP = (PREFIX, MACVLAN, MACVTAP)  # a definition that has a name of the daemon's own does not mean it


def wanted(name: str | None) -> str | None:
    """The name that a definition wants for a link on the host; one that the daemon made up does not count."""
    return None if name is None or name.startswith(MADE_UP) else name


def add_named(add: Callable[[str], None], name: str | None, detail: str, prefix: str = PREFIX) -> str:
    """Add a link under the name that is wanted, or the first free one.

    :param add: adds a link of a name; it is called again with another one if somebody took that meanwhile.
    :param detail: what an error says was tried, to which the name is added.
    :param prefix: of the names that are made up.
    :raises VirtError: SYSTEM_ERROR; then nothing was made.
    """
    free = free_names(prefix)
    while True:
        chosen = name or next(free)
        try:
            add(chosen)
        except netlink_error() as error:
            if error.code != errno.EEXIST or (name is not None and exists(name)):
                raise refused(error, f"{detail} {chosen}") from error
            free = free_names(prefix)
            continue
        return chosen


def free_names(prefix: str = PREFIX) -> Iterator[str]:
    """Names that no link of the host has now; the host is looked at once."""
    taken = link_names()
    return (name for number in count() if (name := f"{prefix}{number}") not in taken)
