"""Keepalive: a ping is answered by a pong, whatever else is going on (`virkeepaliveprotocol.x`)."""

from __future__ import annotations

from virtloom.wire.programs import Procedure, Program

PROGRAM = Program(
    "KEEPALIVE",
    0x6B656570,
    1,
    [
        Procedure(1, "PING", ""),
        Procedure(2, "PONG", ""),
    ],
)
