"""The frames that the server itself composes: replies and errors, each of which can always be sent."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from virtloom.api.failures import to_wire
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.wire.frames import pack_error, pack_reply
from virtloom.wire.message import PAYLOAD_MAX, Header, MessageType
from virtloom.wire.programs import Procedure
from virtloom.xdr import XdrError

log = logging.getLogger(__name__)


def refusal(detail: str) -> VirtError:
    """What the RPC layer itself refuses, in libvirt's words."""
    return VirtError(ErrorCode.RPC, detail, ErrorDomain.RPC)


def reply_frame(call: Header, procedure: Procedure, value: tuple[Any, ...] | None, fds: Sequence[int]) -> bytes:
    """The answer to a call.

    :raises VirtError: RPC if the value does not fit the procedure's struct, or a message.
    """
    try:
        frame = pack_reply(call, procedure, value, len(fds))
    except XdrError as error:
        log.error("%s: the answer cannot be encoded: %s", procedure.api, error)
        raise refusal("Unable to encode message payload") from error
    if len(frame) > PAYLOAD_MAX:
        log.error("%s: the answer has %d bytes, more than a message may have", procedure.api, len(frame))
        raise refusal("Unable to encode message payload")
    return frame


def error_frame(call: Header, kind: MessageType, error: VirtError) -> bytes:
    """An error as the answer to a call or as the end of a stream.

    :param kind: REPLY or STREAM.
    """
    try:
        return pack_error(call, to_wire(error), kind)
    except XdrError:
        log.error("an error's text cannot be encoded: %s", ascii(error.message))
        return pack_error(call, to_wire(VirtError(error.code, None, error.domain)), kind)
