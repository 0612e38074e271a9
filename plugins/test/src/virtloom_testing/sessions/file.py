"""A session's file: TOML, a table `[[call]]` for each call in the order in which they were made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import tomli_w

from virtloom.driver.files.store import write_atomically
from virtloom.driver.files.tables import read_tables
from virtloom.errors import ErrorCode, VirtError
from virtloom_testing.sessions.calls import Call, Piece, Told

HEAD = "# A session of a client of libvirt, recorded by `virtloom-test proxy`; see docs/record-and-replay.md.\n\n"
MODE = 0o644


def write_session(path: Path, calls: Sequence[Call]) -> None:
    """Write a session; a crash leaves the old file or the new one.

    :raises OSError: nothing was changed.
    """
    tables = [_table(call) for call in calls]
    write_atomically(path, (HEAD + tomli_w.dumps({"call": tables}, multiline_strings=True)).encode(), MODE)


def read_session(path: Path) -> list[Call]:
    """The calls of a file, in its order.

    :raises VirtError: SYSTEM_ERROR if it cannot be read, INVALID_ARG if it is no session, saying which call is wrong.
    """
    tables = read_tables(path, "call", "calls of a session")
    return [_call(path, number, table) for number, table in enumerate(tables, 1)]


def _table(value: Any) -> dict[str, Any]:
    """A call, an event or a piece with what is not as usual; the usual ones are what its class has."""
    table: dict[str, Any] = {}
    for field in fields(value):
        one = getattr(value, field.name)
        if one is None or (one in ("", b"", 0, "remote", (), [], {}) and field.name not in ("connection", "reply")):
            continue
        if isinstance(one, bytes):
            table |= _data(one)
        elif isinstance(one, list) and one and not isinstance(one[0], str):
            table[field.name] = [_table(part) for part in one]
        else:
            table[field.name] = one
    return table


def _data(data: bytes) -> dict[str, str]:
    """Bytes as text where they are text that TOML can hold, otherwise in hex."""
    text = data.decode(errors="replace")
    readable = all(letter.isprintable() or letter in "\n\t" for letter in text) and text.encode() == data
    return {"text": text} if readable else {"hex": data.hex()}


def _call(path: Path, number: int, table: Any) -> Call:
    try:
        given = dict(table)
        for name in ("meanwhile", "afterwards"):
            given[name] = [Told(**one) for one in given.get(name, ())]
        given["stream"] = [_piece(dict(one)) for one in given.get("stream", ())]
        given["ignore"] = tuple(given.get("ignore", ()))
        return Call(**{"connection": 1, **given})
    except (TypeError, ValueError) as error:
        reason = str(error).replace("Call.__init__() ", "").replace("Told.__init__() ", "")
        raise VirtError(ErrorCode.INVALID_ARG, f"{path}: call {number}: {reason}") from error


def _piece(table: dict[str, Any]) -> Piece:
    text, digits = table.pop("text", None), table.pop("hex", "")
    data = bytes.fromhex(digits) if text is None else text.encode()
    return Piece(**table, data=data)
