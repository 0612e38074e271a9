"""A guest's state through its monitor: out into a descriptor, and in from one.

QEMU's own migration does it. It is watched by asking how far it is, a few times a second, so that the job's progress
can be shown; between two questions the job may be aborted or killed.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from virtloom.errors import ErrorCode, VirtError, system_error
from virtloom.locks import JobAborted, JobKind
from virtloom_qemu.runs.talk import Talk

FIRST_PAUSE, LONGEST_PAUSE = 0.01, 0.2  # seconds between two questions
UNLIMITED = 1 << 60  # bytes a second: a file is written as fast as it can be
NAME = "virtloom"  # what QEMU knows the descriptor by
COMPRESS_WITHIN = 600.0  # seconds for a compressor to write what it has, once QEMU has written everything
SETTLE_WITHIN = 30.0  # seconds for QEMU to finish a transfer, or give it up
UNDER_WAY = ("setup", "active", "device", "cancelling")
KILLED_WITHIN = 5.0  # seconds for a compressor to be gone
NAMES = {JobKind.SAVE: "domain save", JobKind.DUMP: "domain core dump"}


def send(talk: Talk, descriptor: int, compressor: Sequence[str] = ()) -> None:
    """Write a guest's state into a descriptor; the guest is stopped afterwards.

    :param compressor: a command that the state goes through; () for none.
    :raises VirtError: OPERATION_FAILED if it fails, OPERATION_ABORTED if the job was aborted.
    """
    talk.ask("migrate-set-parameters", max_bandwidth=UNLIMITED)
    with _through(compressor, descriptor) as way:
        try:
            talk.ask("getfd", fdname=NAME, fds=[way.descriptor])
        finally:
            way.close()
        try:
            talk.ask("migrate", uri=f"fd:{NAME}")
            watch(talk, "query-migrate")
            settle(talk)
        except BaseException as error:
            way.cut()  # else QEMU may go on waiting for it
            give_up(talk)
            if isinstance(error, JobAborted):
                raise VirtError(ErrorCode.OPERATION_ABORTED, f"{_job(talk)} canceled by client") from error
            raise


def dump(talk: Talk, descriptor: int, form: str | None) -> None:
    """Write a guest's memory into a descriptor as a core (`dump-guest-memory`).

    :param form: of the core; None for ELF.
    """
    talk.ask("getfd", fdname=NAME, fds=[descriptor])
    try:
        talk.ask("dump-guest-memory", paging=False, protocol=f"fd:{NAME}", detach=True, format=form)
    except VirtError:
        talk.tries("closefd", fdname=NAME)
        raise
    watch(talk, "query-dump")


def dumps(talk: Talk) -> bool:
    """Whether a guest's memory is being dumped."""
    return bool(talk.ask("query-dump")["status"] == "active")


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
            reason = told.get("error-desc")
            ending = "unexpectedly failed" if reason is None else f"failed: {reason}"
            raise VirtError(ErrorCode.OPERATION_FAILED, f"{_job(talk)} {ending}")
        talk.job.check()
        time.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


def _job(talk: Talk) -> str:
    """What a job is called in messages (`qemuMigrationJobName`)."""
    kind = talk.job.kind
    return f"job '{NAMES.get(kind, kind.value)}'"


def give_up(talk: Talk) -> None:
    """End a transfer that nobody wants any more; one that went on would stop the guest at its end."""
    with suppress(VirtError):
        talk.tries("migrate_cancel")
        settle(talk)
        talk.tries("closefd", fdname=NAME)  # it has it still if it never began


def settle(talk: Talk) -> None:
    """Wait until a transfer is over for QEMU as well, which lets no processor go on before (qmp_cont)."""
    end = time.monotonic() + SETTLE_WITHIN
    while not _over(talk) and time.monotonic() < end:
        time.sleep(FIRST_PAUSE)


def _over(talk: Talk) -> bool:
    told = talk.tries("query-migrate") or {}
    return told.get("status") not in UNDER_WAY and talk.ask("query-status")["status"] != "finish-migrate"


def _report(talk: Talk, told: Mapping[str, Any]) -> None:
    with talk.found.locked() as state:
        if state.work is not None:
            state.work = state.work.now(told)
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


@dataclass
class Way:
    """How what QEMU writes gets to where it belongs.

    :ivar descriptor: what QEMU writes to; :ivar compressor: what it goes through, if it does.
    """

    descriptor: int
    compressor: subprocess.Popen[bytes] | None = None

    def close(self) -> None:
        """QEMU has a descriptor of its own: a compressor ends when that is closed."""
        if self.compressor is not None and self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def cut(self) -> None:
        """End a compressor, whatever it is doing."""
        if self.compressor is not None:
            self.compressor.kill()
            self.compressor.wait(KILLED_WITHIN)


@contextmanager
def _through(command: Sequence[str], descriptor: int) -> Iterator[Way]:
    """The way into a descriptor, through a command if one is given. After the block everything has been written.

    :raises VirtError: OPERATION_FAILED if the command failed.
    """
    if not command:
        yield Way(descriptor)
        return
    reader, writer = os.pipe()
    try:
        process = _started(command, reader, descriptor)
    except VirtError:
        os.close(writer)
        raise
    finally:
        os.close(reader)
    way = Way(writer, process)
    try:
        yield way
        status = process.wait(COMPRESS_WITHIN)
    except BaseException:
        way.close()
        way.cut()
        raise
    if status:
        raise VirtError(ErrorCode.OPERATION_FAILED, f"{command[0]} failed with status {status}")


@contextmanager
def _from(command: Sequence[str], descriptor: int) -> Iterator[int]:
    """The descriptor to read from so that what is read comes from another one through a command.

    :raises VirtError: SYSTEM_ERROR if the command cannot be run.
    """
    if not command:
        yield descriptor
        return
    reader, writer = os.pipe()
    try:
        _started(command, descriptor, writer)
    except VirtError:
        os.close(reader)
        raise
    finally:
        os.close(writer)
    try:
        yield reader
    finally:
        os.close(reader)


def _started(command: Sequence[str], source: int, target: int) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(command, stdin=source, stdout=target, start_new_session=True)
    except OSError as error:
        raise system_error(error, f"Cannot run {command[0]}") from error
