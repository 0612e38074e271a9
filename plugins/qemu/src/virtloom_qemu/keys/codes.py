"""From any code set to the one that QEMU takes (`qnum`: scan codes of set 1, with bit 7 for the extended ones).

`codes.csv` has a line for each key that Linux has a name for (input-event-codes.h), with its number in each set; it is
made from the tables of keycodemapdb (BSD licence, https://gitlab.com/keycodemap/keycodemapdb). An empty field is a key
that the set does not have.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

from virtloom.errors import ErrorCode, VirtError

# `virKeycodeSet`, by number: the set's name in messages, and its column.
CODE_SETS = (
    ("linux", "linux"), ("xt", "atset1"), ("atset1", "atset1"), ("atset2", "atset2"), ("atset3", "atset3"),
    ("os_x", "osx"), ("xt_kbd", "xtkbd"), ("usb", "usb"), ("win32", "win32"), ("qnum", "qnum"),
)  # fmt: skip


def qnum(code_set: int, code: int) -> int:
    """The number of a key that QEMU takes (`virKeycodeValueTranslate`); 0 for a key that it cannot press.

    :param code_set: `virKeycodeSet`.
    :raises VirtError: INVALID_ARG for a set, INTERNAL_ERROR for a key that there is not.
    """
    if not 0 <= code_set < len(CODE_SETS):
        raise VirtError(ErrorCode.INVALID_ARG, f"unknown set of key codes {code_set}")
    name, column = CODE_SETS[code_set]
    if column == "qnum":
        return code
    found = _numbers(column).get(code)
    if found is None:
        detail = f"cannot translate keycode {code} of {name} codeset to qnum keycode"
        raise VirtError(ErrorCode.INTERNAL_ERROR, detail)
    return found


@cache
def _numbers(column: str) -> dict[int, int]:
    """What each number of a set is in QEMU's; the first key of a number counts."""
    numbers: dict[int, int] = {}
    for row in _rows():
        numbers.setdefault(int(row[column] or 0), int(row["qnum"] or 0))
    return numbers


@cache
def _rows() -> list[dict[str, str]]:
    text = files("virtloom_qemu.keys").joinpath("codes.csv").read_text(encoding="ascii")
    return list(csv.DictReader(text.splitlines()))
