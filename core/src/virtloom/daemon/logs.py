"""The log: where it goes, and who and what each line speaks of."""

from __future__ import annotations

import logging
import os
from typing import Any

from virtloom.daemon.config import Config
from virtloom.locks import current_call
from virtloom.server.admin.logs import LogSettings


def naming_calls(*args: Any, **kwargs: Any) -> logging.LogRecord:
    """A record whose thread's name also tells which client and which call the thread was serving."""
    record = logging.LogRecord(*args, **kwargs)
    call = current_call()
    if call.api is not None:
        record.threadName = f"{record.threadName} [client {call.client} {call.api}]"
    return record


class Log(LogSettings):
    """The log's settings, as the configuration has them and as an administrator changes them."""

    def __init__(self, config: Config, *, verbose: bool = False) -> None:
        logging.setLogRecordFactory(naming_calls)
        level = 1 if verbose else config.get("log.log_level")
        super().__init__((f"{level}:{'journald' if in_journal() else 'stderr'}",))
        self.set_outputs(config.get("log.log_outputs").split())
        self.set_filters(config.get("log.log_filters").split())


def in_journal() -> bool:
    """Whether stderr is the journal's stream (systemd.exec(5), JOURNAL_STREAM)."""
    stream = os.environ.get("JOURNAL_STREAM", "")
    try:
        status = os.fstat(2)
    except OSError:
        return False
    return stream == f"{status.st_dev}:{status.st_ino}"
