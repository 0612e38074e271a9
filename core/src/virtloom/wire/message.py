"""The parts that all programs share: the header, the kinds of message, the error (`virnetprotocol.x`)."""

from __future__ import annotations

import struct as _struct
from enum import IntEnum
from typing import NamedTuple

from virtloom.xdr import int32, int64, opaque, optional, string, struct, uint32

LENGTH_SIZE = 4
HEADER_SIZE = 24
FRAME_MIN = LENGTH_SIZE + HEADER_SIZE
FRAME_MAX = 33_554_436  # the largest legal length word: VIR_NET_MESSAGE_MAX and the word itself
PAYLOAD_MAX = FRAME_MAX - FRAME_MIN
STREAM_CHUNK = 262_120  # bytes of stream data in one frame of ours (VIR_NET_MESSAGE_LEGACY_PAYLOAD_MAX)
FDS_MAX = 32
STRING_MAX = 4_194_304

HEADER = _struct.Struct(">IIIiiIi")  # with the length word in front


class MessageType(IntEnum):
    """`virNetMessageType`"""

    CALL = 0
    REPLY = 1
    MESSAGE = 2
    STREAM = 3
    CALL_WITH_FDS = 4
    REPLY_WITH_FDS = 5
    STREAM_HOLE = 6


class Status(IntEnum):
    """`virNetMessageStatus`"""

    OK = 0
    ERROR = 1
    CONTINUE = 2


class Header(NamedTuple):
    """`virNetMessageHeader`; `type` and `status` are plain numbers here, since a peer may send any."""

    prog: int
    vers: int
    proc: int
    type: int
    serial: int
    status: int


nonnull_string = string(STRING_MAX)
maybe_string = optional(nonnull_string)
error_domain = struct("error_domain", name=nonnull_string, uuid=opaque(16), id=int32)
error_network = struct("error_network", name=nonnull_string, uuid=opaque(16))

message_error = struct(
    "message_error",
    code=int32,
    domain=int32,
    message=maybe_string,
    level=int32,
    dom=optional(error_domain),
    str1=maybe_string,
    str2=maybe_string,
    str3=maybe_string,
    int1=int32,
    int2=int32,
    net=optional(error_network),
)

stream_hole = struct("stream_hole", length=int64, flags=uint32)
