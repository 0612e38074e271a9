"""A guest's state through its monitor: out into a descriptor, and in from one.

QEMU's own migration does it. It is watched by asking how far it is, a few times a second, so that the job's progress
can be shown; between two questions the job may be aborted or killed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import JobAborted
from virtloom_qemu.runs.talk import Talk

FIRST_PAUSE, LONGEST_PAUSE = 0.01, 0.2  # seconds between two questions
UNLIMITED = 1 << 60  # bytes a second: a file is written as fast as it can be
NAME = "virtloom"  # what QEMU knows the descriptor by


def send(talk: Talk, descriptor: int, compressor: Sequence[str] = ()) -> None:
    """Write a guest's state into a descriptor; the guest is stopped afterwards.

    :param compressor: a command that the state goes through; () for none.
    :raises VirtError: OPERATION_FAILED if it fails, OPERATION_ABORTED if the job was aborted.
    """
    talk.ask("migrate-set-parameters", max_bandwidth=UNLIMITED)
    with _through(compressor, descriptor) as target:
        talk.ask("getfd", fdname=NAME, fds=[target])
    talk.ask("migrate", uri=f"fd:{NAME}")
    try:
        watch(talk, "query-migrate")
    except JobAborted as error:
        talk.tries("migrate_cancel")
        _settled(talk)
        raise VirtError(ErrorCode.OPERATION_ABORTED, f"{talk.job.kind.value} job: canceled by client") from error


def dump(talk: Talk, descriptor: int, form: str | None) -> None:
    """Write a guest's memory into a descriptor as a core (`dump-guest-memory`).

    :param form: of the core; None for ELF.
    """
    talk.ask("getfd", fdname=NAME, fds=[descriptor])
    talk.ask("dump-guest-memory", paging=False, protocol=f"fd:{NAME}", detach=True, format=form)
    watch(talk, "query-dump")


def receive(talk: Talk, descriptor: int, decompressor: Sequence[str] = ()) -> None:
    """Have a guest that waits for its state read it from a descriptor.

    :raises VirtError: OPERATION_FAILED if it is not taken.
    """
    with _from(decompressor, descriptor) as source:
        talk.ask("getfd", fdname=NAME, fds=[source])
    talk.ask("migrate-incoming", uri=f"fd:{NAME}")
    watch(talk, "query-migrate")


def watch(talk: Talk, question: str) -> None:
    """Wait for a transfer's end, with the job's progress shown.

    :param question: the command that asks how far it is.
    :raises VirtError: OPERATION_FAILED if it failed.
    :raises JobAborted: if the job was aborted or killed; the transfer then goes on.
    """
    pause = FIRST_PAUSE
    while True:
        told = talk.ask(question)
        status = told.get("status", "none")
        _report(talk, told)
        if status == "completed":
            return
        if status in ("failed", "cancelled"):
            reason = told.get("error-desc", "Unexpectedly failed")
            raise VirtError(ErrorCode.OPERATION_FAILED, f"{talk.job.kind.value} job: {reason}")
        talk.job.check()
        time.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


def _settled(talk: Talk) -> None:
    """Wait until a transfer that was cancelled is over."""
    while (talk.tries("query-migrate") or {}).get("status") in ("setup", "active", "cancelling", "device"):
        time.sleep(FIRST_PAUSE)


def _report(talk: Talk, told: Mapping[str, Any]) -> None:
    ram = told.get("ram")
    if isinstance(ram, dict):
        total, left, done = (int(ram.get(name, 0)) for name in ("total", "remaining", "transferred"))
        talk.job.report(
            data_total=total,
            data_remaining=left,
            data_processed=done,
            memory_total=total,
            memory_remaining=left,
            memory_processed=done,
        )
    elif "completed" in told:
        total, done = int(told.get("total", 0)), int(told["completed"])
        talk.job.report(data_total=total, data_processed=done, data_remaining=total - done)


@contextmanager
def _through(command: Sequence[str], descriptor: int) -> Iterator[int]:
    """The descriptor to write to so that what is written reaches another one through a command."""
    if not command:
        yield descriptor
        return
    reader, writer = os.pipe()
    try:
        process = subprocess.Popen(command, stdin=reader, stdout=descriptor, start_new_session=True)
    finally:
        os.close(reader)
    try:
        yield writer
    except BaseException:
        process.send_signal(signal.SIGKILL)
        raise
    finally:
        os.close(writer)


@contextmanager
def _from(command: Sequence[str], descriptor: int) -> Iterator[int]:
    """The descriptor to read from so that what is read comes from another one through a command."""
    if not command:
        yield descriptor
        return
    reader, writer = os.pipe()
    try:
        subprocess.Popen(command, stdin=descriptor, stdout=writer, start_new_session=True)
    finally:
        os.close(writer)
    try:
        yield reader
    finally:
        os.close(reader)
