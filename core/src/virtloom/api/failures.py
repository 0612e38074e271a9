"""Failures on their way to a client: everything that a call may raise, as the one error that is sent.

What a driver raises on purpose keeps its words; what the locks raise is told in libvirt's codes; anything else is a bug
of ours, which the client learns of by a short reference and the log in full.
"""

from __future__ import annotations

import logging
import os
from typing import Any

from virtloom.errors import LEVEL_ERROR, ErrorCode, ErrorDomain, VirtError
from virtloom.locks import Deadlock, JobAborted, JobTimeout, LockTimeout, ObjectGone

log = logging.getLogger(__name__)

# What the client of a call on a removed object is told, by the object's declared type.
NOT_FOUND = {
    "domain": ErrorCode.NO_DOMAIN,
    "network": ErrorCode.NO_NETWORK,
    "interface": ErrorCode.NO_INTERFACE,
    "pool": ErrorCode.NO_STORAGE_POOL,
    "volume": ErrorCode.NO_STORAGE_VOL,
    "device": ErrorCode.NO_NODE_DEVICE,
    "secret": ErrorCode.NO_SECRET,
    "nwfilter": ErrorCode.NO_NWFILTER,
}


def as_virt_error(error: BaseException, domain: ErrorDomain) -> VirtError:
    """Any failure as a VirtError with its domain filled in.

    :param domain: the domain of the driver that was called.
    """
    if isinstance(error, VirtError):
        failure = error
    elif isinstance(error, ObjectGone):
        code = NOT_FOUND.get(error.type_name, ErrorCode.OPERATION_INVALID)
        failure = VirtError(code, f"{error.type_name} {_key_text(error.key)} was removed meanwhile")
    elif isinstance(error, JobTimeout | LockTimeout):
        failure = VirtError(ErrorCode.OPERATION_TIMEOUT, str(error))
    elif isinstance(error, JobAborted | Deadlock):
        failure = VirtError(ErrorCode.OPERATION_ABORTED, str(error))
    else:
        failure = _unexpected(error)
    if failure.domain is None:
        failure.domain = domain
    return failure


def _unexpected(error: BaseException) -> VirtError:
    reference = os.urandom(4).hex()
    log.error("unexpected failure, reference %s", reference, exc_info=error)
    return VirtError(
        ErrorCode.INTERNAL_ERROR,
        f"unexpected {type(error).__name__} in the daemon, reference {reference}",
        hint=f"the daemon's log has the details under {reference}",
    )


def _key_text(key: object) -> str:
    if isinstance(key, bytes) and len(key) == 16:
        text = key.hex()
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
    return str(key)


def to_wire(error: VirtError) -> tuple[Any, ...]:
    """The fields of the wire's error struct (`virNetMessageError`): dom and net are always null."""
    domain = ErrorDomain.NONE if error.domain is None else error.domain
    return (
        int(error.code),
        int(domain),
        error.message,
        LEVEL_ERROR,
        None,
        error.str1,
        error.str2,
        error.str3,
        error.int1,
        error.int2,
        None,
    )
