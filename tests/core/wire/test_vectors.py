"""Every recorded frame decodes to its last byte and encodes back to the same bytes."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from virtloom.wire import admin, keepalive, lxc, qemu, remote
from virtloom.wire.frames import WITH_FDS, Frame, FrameReader, pack
from virtloom.wire.message import FRAME_MIN, HEADER, MessageType, Status, message_error, stream_hole
from virtloom.wire.programs import Program
from virtloom.xdr import Struct, XdrError

PROGRAMS: dict[int, Program] = {p.PROGRAM.number: p.PROGRAM for p in (remote, qemu, lxc, admin, keepalive)}

# go-libvirt writes an optional's flag as 0x01000000; we write 1.
NOT_CANONICAL = {("go-libvirt", 3), ("go-libvirt-stream", 3)}
# Recorded on purpose: what no client should send, and the refusals that follow.
MALFORMED = {"refused-calls", "keepalive-stray", "qemu-program-refused"}


class Recorded(NamedTuple):
    recording: str
    number: int
    sender: str
    data: bytes

    @property
    def type(self) -> int:
        return int(HEADER.unpack_from(self.data)[4])

    def frame(self) -> Frame:
        """The frame, with the zero bytes for its descriptors put back."""
        count = int.from_bytes(self.data[FRAME_MIN : FRAME_MIN + 4]) if self.type in WITH_FDS else 0
        (frame,) = FrameReader().feed(self.data + bytes(count))
        return frame


def recorded() -> list[Recorded]:
    path = Path(__file__).parent / "vectors" / "frames.jsonl.gz"
    rows = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    return [Recorded(name, number, sender, bytes.fromhex(data)) for name, number, sender, data in rows]


FRAMES = recorded()


def body_of(frame: Frame) -> Struct | None:
    """The struct that a frame's payload is."""
    if frame.header.status == Status.ERROR:
        return message_error
    if frame.header.type == MessageType.STREAM_HOLE:
        return stream_hole
    procedure = PROGRAMS[frame.header.prog].find(frame.header.proc)
    assert procedure is not None
    if frame.header.type in (MessageType.CALL, MessageType.CALL_WITH_FDS):
        return procedure.args
    if frame.header.type == MessageType.MESSAGE:
        return procedure.message
    return procedure.ret


def check(one: Recorded) -> None:
    frame = one.frame()
    if frame.header.type == MessageType.STREAM:
        assert pack(frame.header, frame.payload) == one.data
        return
    struct = body_of(frame)
    if struct is None:
        assert frame.payload == b""
        return
    value, end = struct.decode_from(frame.payload)
    assert end == len(frame.payload)
    body = struct.encode(value)
    if (one.recording, one.number) not in NOT_CANONICAL:
        assert body == frame.payload
        prefix = frame.nfds.to_bytes(4) if frame.header.type in WITH_FDS else b""
        assert pack(frame.header, prefix + body) == one.data


@pytest.mark.parametrize("recording", sorted({one.recording for one in FRAMES} - MALFORMED))
def test_a_recording_decodes_to_the_last_byte_and_encodes_back(recording: str) -> None:
    for one in FRAMES:
        # The one long screenshot is recorded by its header alone.
        if one.recording == recording and int.from_bytes(one.data[:4]) == len(one.data):
            check(one)


def test_only_what_was_malformed_on_purpose_fails() -> None:
    failed: Counter[str] = Counter()
    for one in FRAMES:
        if one.recording in MALFORMED:
            try:
                check(one)
            except (AssertionError, KeyError, XdrError):
                failed[one.recording] += 1
    assert sum(failed.values()) == 8
    assert set(failed) <= MALFORMED


def test_the_recordings_cover_what_they_should() -> None:
    seen: set[Any] = {(one.frame().header.prog, one.frame().header.proc) for one in FRAMES if len(one.data) > 28}
    assert len(FRAMES) == 1395
    assert len(seen) > 150
