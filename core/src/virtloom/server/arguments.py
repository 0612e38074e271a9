"""The arguments of calls: decoded, or remembered from a call that had the same bytes.

Whoever watches a host asks the same again and again, and reading a handle takes longer than what it is asked for. Only
calls that look are remembered: what others bring may be a secret, and comes once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from virtloom.api.access import forbidden
from virtloom.wire.programs import Procedure

REMEMBERED = 1024  # of each procedure; then all are forgotten
LONGEST = 256  # bytes of what is remembered

Decoder = Callable[[bytes], Any]


class Remembered(dict[bytes, Any]):
    """The arguments of a procedure by their bytes; looking them up costs nothing but a look into a dictionary."""

    def __init__(self, decode: Decoder) -> None:
        self._decode = decode

    def __missing__(self, payload: bytes) -> Any:
        decoded = self._decode(payload)
        if len(payload) <= LONGEST:
            if len(self) >= REMEMBERED:
                self.clear()
            self[payload] = decoded
        return decoded


def decoder(procedure: Procedure) -> Decoder:
    """What makes a call's arguments of its payload; it raises XdrError."""
    of = procedure.args
    if of is None:
        return lambda payload: ()
    looks = procedure.needs_auth and procedure.acl and not forbidden(procedure)
    return Remembered(of.decode).__getitem__ if looks and of.constant else of.decode
