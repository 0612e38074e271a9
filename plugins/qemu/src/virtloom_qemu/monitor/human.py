"""Lines of the human monitor, for what has no command of its own in QMP."""

from __future__ import annotations

ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"})


def quoted(word: str) -> str:
    """A word as one argument of a command, whatever is in it (QEMU: `get_str` of its monitor)."""
    return f'"{word.translate(ESCAPES)}"'
