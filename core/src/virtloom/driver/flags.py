"""Flags of calls: unknown ones are refused in libvirt's words (`virCheckFlags`), a list's choose what is in it."""

from __future__ import annotations

from typing import Protocol

from virtloom.driver.constants.connect import ConnectListAllNetworksFlags, ConnectListAllStoragePoolsFlags
from virtloom.errors import ErrorCode, VirtError


def selected(flags: int, *groups: tuple[int, int, bool]) -> bool:
    """Whether an object is among those that a list's flags ask for; a group of which no flag is set asks for all.

    :param groups: the flag for those that are so, the flag for those that are not, and whether this one is.
    """
    return all(not flags & (yes | no) or bool(flags & (yes if is_so else no)) for yes, no, is_so in groups)


class Kept(Protocol):
    """What a resource's snapshot says of how it stands."""

    @property
    def active(self) -> bool:
        """Whether it runs."""

    @property
    def persistent(self) -> bool:
        """Whether it is kept."""

    @property
    def autostart(self) -> bool:
        """Whether it starts with the host."""


KeptFilter = type[ConnectListAllNetworksFlags] | type[ConnectListAllStoragePoolsFlags]


def stands(flags: int, filter: KeptFilter, view: Kept) -> bool:
    """Whether a network, a pool or their like is among those that a list's flags ask for."""
    return selected(
        flags,
        (filter.ACTIVE, filter.INACTIVE, view.active),
        (filter.PERSISTENT, filter.TRANSIENT, view.persistent),
        (filter.AUTOSTART, filter.NO_AUTOSTART, view.autostart),
    )


def check_flags(flags: int, allowed: int, function: str) -> None:
    """Refuse flags that are not allowed.

    :param function: the C function whose name libvirt's message has.
    :raises VirtError: INVALID_ARG.
    """
    if unknown := flags & ~allowed:
        detail = f"unsupported flags (0x{unknown:x}) in function {function}"
        raise VirtError(ErrorCode.INVALID_ARG, detail, verbatim=True)
