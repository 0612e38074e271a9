"""Flags that a call does not know are refused, in libvirt's words (`virCheckFlags`)."""

from __future__ import annotations

from virtloom.errors import ErrorCode, VirtError


def check_flags(flags: int, allowed: int, function: str) -> None:
    """Refuse flags that are not allowed.

    :param function: the C function whose name libvirt's message has.
    :raises VirtError: INVALID_ARG.
    """
    if unknown := flags & ~allowed:
        detail = f"unsupported flags (0x{unknown:x}) in function {function}"
        raise VirtError(ErrorCode.INVALID_ARG, detail, verbatim=True)
