"""The log of a guest: what we did, between what QEMU printed; and QEMU's last words when it fails."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from virtloom.errors import ErrorCode, VirtError

TAIL = 16384  # bytes of its last words that are told
OURS = (": starting up", ": shutting down", "char device redirected to ")  # lines that say nothing about a failure


class GuestLog:
    """The log of one run.

    :param path: the file; what was in it before belongs to earlier runs.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._begin = _size(path)

    def starting(self, argv: Sequence[str], env: Mapping[str, str]) -> None:
        """Write how the process is started, so that a person can start it again; it says nothing about a failure."""
        self.command("starting up", argv, env)
        self._begin = _size(self._path)

    def command(self, what: str, argv: Sequence[str], env: Mapping[str, str]) -> None:
        """Write how something is started, as a shell reads it."""
        settings = [f"{name}={shlex.quote(value)}" for name, value in env.items()]
        words = " \\\n".join([*settings, *(shlex.quote(word) for word in argv)])
        self.note(f"{what}\n{words}")

    def note(self, text: str) -> None:
        """Write a line of ours, with the time. A log that cannot be written stops no guest."""
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with open(self._path, "a", opener=_opener) as file:
                file.write(f"{now}+0000: {text}\n")
        except OSError:
            return

    def last_words(self) -> str:
        """What QEMU printed in this run, as far as it may tell of a failure (`qemuProcessReadLog`)."""
        try:
            with open(self._path, "rb") as file:
                file.seek(max(self._begin, _size(self._path) - TAIL))
                text = file.read().decode(errors="replace")
        except OSError:
            return ""
        return "\n".join(line for line in text.splitlines() if not any(mark in line for mark in OURS)).strip()

    def exit_error(self) -> VirtError | None:
        """The error for a process that ended before its monitor could be used; None if it printed nothing."""
        words = self.last_words()
        if not words:
            return None
        return VirtError(ErrorCode.INTERNAL_ERROR, f"process exited while connecting to monitor: {words}")


def _opener(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
