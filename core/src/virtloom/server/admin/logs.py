"""libvirt's language for log outputs and filters, on top of the standard library's logging.

An output is "LEVEL:stderr", "LEVEL:journald", "LEVEL:file:PATH" or "LEVEL:syslog:NAME"; a filter is "LEVEL:LOGGER". The
levels are 1 (debug), 2 (info), 3 (warning) and 4 (error). Behaviour: `virLogParseOutput`, `virLogParseFilter`.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Callable, Sequence

from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error

LEVELS = {"1": logging.DEBUG, "2": logging.INFO, "3": logging.WARNING, "4": logging.ERROR}
FORMAT = "%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"
JOURNAL_FORMAT = "%(threadName)s %(name)s: %(message)s"  # the journal adds the time and keeps the priority
ROOT = "virtloom"

_PRIORITIES = ((logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6), (logging.DEBUG, 7))


class JournalFormatter(logging.Formatter):
    """Lines for a stderr that the journal reads: each begins with its priority (sd-daemon(3))."""

    def format(self, record: logging.LogRecord) -> str:
        """The record, with the priority before each of its lines."""
        priority = next((number for level, number in _PRIORITIES if record.levelno >= level), 7)
        return "\n".join(f"<{priority}>{line}" for line in super().format(record).splitlines())


def _to_file(path: str) -> logging.Handler:
    return logging.FileHandler(os.path.abspath(path))


def _to_syslog(name: str) -> logging.Handler:
    from logging.handlers import SysLogHandler  # it brings the modules of three network protocols

    handler = SysLogHandler("/dev/log")
    handler.ident = f"{name}: "
    return handler


def _to_stderr(_: str) -> logging.Handler:
    return logging.StreamHandler(sys.stderr)


# Each destination: how its handler is made, and how many parts its definition has.
DESTINATIONS: dict[str, tuple[Callable[[str], logging.Handler], int]] = {
    "stderr": (_to_stderr, 2),
    "journald": (_to_stderr, 2),
    "file": (_to_file, 3),
    "syslog": (_to_syslog, 3),
}


def _invalid(detail: str) -> VirtError:
    return VirtError(ErrorCode.INVALID_ARG, detail, ErrorDomain.NONE)


def make_output(definition: str) -> logging.Handler:
    """The handler that an output's definition stands for.

    :raises VirtError: INVALID_ARG, in libvirt's words; SYSTEM_ERROR if the file cannot be opened.
    """
    parts = definition.split(":")
    if len(parts) < 2:
        raise _invalid(f"Malformed format for log output '{definition}'")
    if parts[0] not in LEVELS:
        raise _invalid(f"Invalid log priority '{parts[0]}' for log output '{definition}'")
    if parts[1] not in DESTINATIONS:
        raise _invalid(f"Invalid log destination '{parts[1]}' for log output '{definition}'")
    make, count = DESTINATIONS[parts[1]]
    if len(parts) != count:
        raise _invalid(
            f"Log output '{definition}' does not meet the format requirements for destination type '{parts[1]}'"
        )
    try:
        handler = make(parts[-1])
    except OSError as error:
        raise system_error(error, f"failed to open {parts[-1]}", ErrorDomain.NONE) from error
    handler.setLevel(LEVELS[parts[0]])
    handler.setFormatter(JournalFormatter(JOURNAL_FORMAT) if parts[1] == "journald" else logging.Formatter(FORMAT))
    return handler


def parse_filter(definition: str) -> tuple[str, int]:
    """The logger and the level that a filter's definition stands for.

    :raises VirtError: INVALID_ARG, in libvirt's words.
    """
    level, separator, match = definition.partition(":")
    if not separator:
        raise _invalid(f"Malformed format for filter '{definition}'")
    if level not in LEVELS:
        raise _invalid(f"Invalid priority '{level}' for filter '{definition}'")
    name = match.removeprefix("+")
    if not name:
        raise _invalid(f"Invalid match string '{match}'")
    is_ours = re.match(rf"{ROOT}(\.|_|$)", name)  # plugins' packages are called virtloom_NAME
    return name if is_ours else f"{ROOT}.{name}", LEVELS[level]


class LogSettings:
    """The log's outputs and filters, which replace each other whole.

    What others log, plugins' packages and the libraries they use, goes to the same outputs from warnings on.

    :param outputs: where it goes unless told otherwise.
    """

    def __init__(self, outputs: Sequence[str] = ("3:stderr",)) -> None:
        self._default = tuple(outputs)
        self._outputs: dict[str, logging.Handler] = {}
        self._filters: dict[str, tuple[str, int]] = {}
        self._everybody = logging.getLogger()

    def outputs(self) -> list[str]:
        """Where the log goes."""
        return list(self._outputs)

    def filters(self) -> list[str]:
        """What is logged more or less finely than the rest."""
        return list(self._filters)

    def set_outputs(self, outputs: Sequence[str]) -> None:
        """Send the log elsewhere; nothing stands for the default.

        :raises VirtError: INVALID_ARG or SYSTEM_ERROR; then nothing has changed.
        """
        made: dict[str, logging.Handler] = {}
        try:
            for definition in outputs or self._default:
                made[definition] = make_output(definition)
        except VirtError:
            for handler in made.values():
                handler.close()
            raise
        former, self._outputs = self._outputs, made
        for handler in made.values():
            self._everybody.addHandler(handler)
        for handler in former.values():
            self._everybody.removeHandler(handler)
            handler.close()
        logging.getLogger(ROOT).setLevel(min(handler.level for handler in made.values()))

    def set_filters(self, filters: Sequence[str]) -> None:
        """Replace the filters.

        :raises VirtError: INVALID_ARG; then nothing has changed.
        """
        parsed = {definition: parse_filter(definition) for definition in filters}
        for name, _ in self._filters.values():
            logging.getLogger(name).setLevel(logging.NOTSET)
        self._filters = parsed
        for name, level in parsed.values():
            logging.getLogger(name).setLevel(level)
