"""Flags of calls: unknown ones are refused in libvirt's words (`virCheckFlags`), a list's choose what is in it."""

from __future__ import annotations

from virtloom.errors import ErrorCode, VirtError


def selected(flags: int, *groups: tuple[int, int, bool]) -> bool:
    """Whether an object is among those that a list's flags ask for; a group of which no flag is set asks for all.

    :param groups: the flag for those that are so, the flag for those that are not, and whether this one is.
    """
    return all(not flags & (yes | no) or bool(flags & (yes if is_so else no)) for yes, no, is_so in groups)


def check_flags(flags: int, allowed: int, function: str) -> None:
    """Refuse flags that are not allowed.

    :param function: the C function whose name libvirt's message has.
    :raises VirtError: INVALID_ARG.
    """
    if unknown := flags & ~allowed:
        detail = f"unsupported flags (0x{unknown:x}) in function {function}"
        raise VirtError(ErrorCode.INVALID_ARG, detail, verbatim=True)
