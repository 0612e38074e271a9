"""What the server itself says: refusals, and errors as frames that can always be sent."""

from __future__ import annotations

import logging

from virtloom.api.failures import to_wire
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.wire.frames import pack_error
from virtloom.wire.message import Header, MessageType
from virtloom.xdr import XdrError

log = logging.getLogger(__name__)


def refusal(detail: str) -> VirtError:
    """What the RPC layer itself refuses, in libvirt's words."""
    return VirtError(ErrorCode.RPC, detail, ErrorDomain.RPC)


def error_frame(call: Header, kind: MessageType, error: VirtError) -> bytes:
    """An error as the answer to a call or as the end of a stream.

    :param kind: REPLY or STREAM.
    """
    try:
        return pack_error(call, to_wire(error), kind)
    except XdrError:
        log.error("an error's text cannot be encoded: %s", ascii(error.message))
        return pack_error(call, to_wire(VirtError(error.code, None, error.domain)), kind)
