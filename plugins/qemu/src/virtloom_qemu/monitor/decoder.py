"""Bytes into JSON objects, one a line, with a bound on what a peer can make us keep. No I/O.

Guarantees: however the bytes are split, the same objects come out; anything that is no line of one JSON object raises
`Nonsense` and nothing else; at most `LINE_MAX` bytes are kept.
"""

from __future__ import annotations

import json
from typing import Any

LINE_MAX = 10 << 20  # bytes; libvirt's QEMU_MONITOR_MAX_RESPONSE


class Nonsense(ValueError):
    """The peer sent something that is not its protocol."""


class Decoder:
    """The state between two reads: the beginning of a line whose end has not come."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        """The objects that are whole now.

        :raises Nonsense: for a line that is too long, no JSON, or no object.
        """
        *lines, rest = data.split(b"\n")
        if lines:
            lines[0] = bytes(self._rest) + lines[0]
            self._rest = bytearray(rest)
        else:
            self._rest += rest
        if len(self._rest) > LINE_MAX:
            raise Nonsense(f"QEMU monitor reply exceeds buffer size ({LINE_MAX} bytes)")
        return [_object(line) for line in lines if line.strip()]


def _object(line: bytes) -> dict[str, Any]:
    try:
        made = json.loads(line)
    except (ValueError, RecursionError):
        raise Nonsense(f"cannot parse json {_shown(line)}") from None
    if not isinstance(made, dict):
        raise Nonsense(f"Parsed JSON reply '{_shown(line)}' isn't an object")
    return made


def _shown(line: bytes) -> str:
    text = line.decode(errors="replace").strip()
    return text if len(text) <= 200 else text[:200] + "..."
