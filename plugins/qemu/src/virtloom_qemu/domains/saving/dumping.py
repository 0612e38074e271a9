"""A guest's memory is written to disk, to be looked at; the guest goes on, or not."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from virtloom.driver.constants.domain import DomainCoreDumpFlags as Dump
from virtloom.driver.constants.domain import DomainCoreDumpFormat as Form
from virtloom.driver.constants.domain_event import DomainEventStoppedDetail as Stopped
from virtloom.driver.constants.domain_job import DomainJobOperation as Operation
from virtloom.driver.constants.domain_state import DomainPausedReason as Paused
from virtloom.driver.constants.domain_state import DomainRunningReason as Running
from virtloom.driver.constants.domain_state import DomainShutoffReason as Shutoff
from virtloom.driver.constants.domain_state import DomainState
from virtloom.driver.handles import DomainHandle
from virtloom.errors import ErrorCode, VirtError, system_error
from virtloom.locks import JobKind, LockError
from virtloom_qemu.domains.saving.base import SavingBase
from virtloom_qemu.runs.talk import Talk
from virtloom_qemu.saving import transfer
from virtloom_qemu.saving.allowed import refuse_unsavable
from virtloom_qemu.saving.progress import JobStats

DUMP_FLAGS = Dump.LIVE | Dump.CRASH | Dump.BYPASS_CACHE | Dump.RESET | Dump.MEMORY_ONLY
CORE_FORMATS = {
    Form.RAW: None,
    Form.KDUMP_ZLIB: "kdump-zlib",
    Form.KDUMP_LZO: "kdump-lzo",
    Form.KDUMP_SNAPPY: "kdump-snappy",
    Form.WIN_DMP: "win-dmp",
}


class Dumping(SavingBase):
    """`virDomainCoreDumpWithFormat`"""

    def domain_core_dump_with_format(self, dom: DomainHandle, to: str, dumpformat: int, flags: int) -> None:
        """`virDomainCoreDumpWithFormat`"""
        self._check_flags(flags, DUMP_FLAGS, "DomainCoreDumpWithFormat")
        found = self._find(dom)
        with found.job(JobKind.DUMP) as job:
            with found.locked() as state:
                state.require_active()
                run, running = state.run, state.state == DomainState.RUNNING
            assert run is not None
            talk = Talk(found, job, run)
            self._keep_status(found)
            if running and not flags & Dump.LIVE:
                self._hold(talk, Paused.DUMP)
            try:
                self._dump(talk, Path(to), dumpformat, flags)
            except BaseException:
                if running:
                    with suppress(VirtError, LockError):
                        self._go_on(talk, Running.UNPAUSED)
                raise
            if flags & Dump.CRASH:
                self._end(found, run, Shutoff.CRASHED, Stopped.CRASHED)
                return
            if flags & Dump.RESET:
                talk.ask("system_reset")
            if running:
                self._go_on(talk, Running.UNPAUSED)
        self._keep_status(found)

    def _dump(self, talk: Talk, path: Path, dumpformat: int, flags: int) -> None:
        """Write a core; a failure leaves none that we made."""
        memory_only = bool(flags & Dump.MEMORY_ONLY)
        if dumpformat not in CORE_FORMATS:
            raise VirtError(ErrorCode.INVALID_ARG, f"unknown dumpformat '{dumpformat}'")
        if not memory_only and dumpformat != Form.RAW:
            detail = "kdump-compressed format is only supported with memory-only dump"
            raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail)
        if not memory_only:
            with talk.state() as state:
                live = state.definition
            refuse_unsavable(talk, live)
            self._can_be_sent(talk)
        existed = path.exists()
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise system_error(error, f"Failed to create file '{path}'") from error
        try:
            with self._working(talk, JobStats(Operation.DUMP, memory_only=memory_only)):
                if memory_only:
                    self._dump_memory(talk, descriptor, CORE_FORMATS[dumpformat])
                else:
                    transfer.send(talk, descriptor)
        except BaseException:
            if not existed:
                path.unlink(missing_ok=True)
            raise
        finally:
            os.close(descriptor)

    @staticmethod
    def _dump_memory(talk: Talk, descriptor: int, form: str | None) -> None:
        if form is not None and form not in talk.ask("query-dump-guest-memory-capability")["formats"]:
            raise VirtError(ErrorCode.INVALID_ARG, f"unsupported dumpformat '{form}' for this QEMU binary")
        transfer.dump(talk, descriptor, form)
