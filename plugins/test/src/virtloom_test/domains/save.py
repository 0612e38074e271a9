"""A domain put on disk and brought back: save and restore, managed save, core dumps.

A saved image is libvirt's test driver's own: a magic text, the length of the definition in the host's byte order, the
definition. Files are written with no lock held.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

from virtloom.driver.constants.domain import DomainCoreDumpFlags, DomainCoreDumpFormat, DomainSaveRestoreFlags
from virtloom.driver.constants.domain_event import DomainEventStartedDetail as Started
from virtloom.driver.constants.domain_event import DomainEventStoppedDetail as Stopped
from virtloom.driver.constants.domain_event import DomainEventType as Event
from virtloom.driver.constants.domain_state import DomainRunningReason, DomainShutoffReason
from virtloom.driver.flags import check_flags
from virtloom.driver.handles import DomainHandle
from virtloom.errors import ErrorCode, VirtError, system_error
from virtloom.locks import JobKind
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.rules import DomainRules
from virtloom_test.domains.life import Life
from virtloom_test.domains.state import TestDomain
from virtloom_test.domains.text import domain_text

MAGIC = b"TestGuestMagic\0"
LENGTH = struct.Struct("=i")
LENGTH_MAX = 8192  # bytes of a definition in an image


class Saving(Life):
    """The calls that write a domain to disk."""

    def domain_save_flags(self, dom: DomainHandle, to: str, dxml: str | None, flags: int) -> None:
        """`virDomainSaveFlags`"""
        check_flags(flags, 0, "testDomainSaveFlags")
        _refuse_other_xml(dxml)
        found = self._find(dom)
        with found.job(JobKind.SAVE) as job:
            with found.locked() as state:
                state.require_active()
                definition, name = state.definition, state.definition.name
            self.stage.tempo.pass_time("save", job, (definition.memory or 0) * 1024)
            write_image(Path(to), definition, name)
            with found.locked() as state:
                job.check()
                state.require_active()
                self._stop(state, DomainShutoffReason.SAVED, Stopped.SAVED)
                gone = self._publish(found, state)
        if gone:
            self.domains.remove(found)

    def _stop(self, state: TestDomain, reason: int, detail: int) -> None:
        state.end(reason)
        self._lifecycle(state, Event.STOPPED, detail)

    def domain_restore_flags(self, from_: str, dxml: str | None, flags: int) -> None:
        """`virDomainRestoreFlags`"""
        check_flags(flags, 0, "testDomainRestoreFlags")
        _refuse_other_xml(dxml)
        definition = read_image(self.rules, Path(from_))
        self._restoring(definition)
        self.run(definition, DomainRunningReason.RESTORED, Started.RESTORED)

    def _restoring(self, definition: Domain) -> None:
        """Let the time pass that a restore takes: the domain is there meanwhile, and is gone if that was aborted."""
        if not self.stage.tempo.seconds("restore"):
            return
        handle = self._obtain(definition, lambda state: None, inactive=True)
        try:
            self._spend(handle, JobKind.START, "restore")
        except BaseException:
            with self._ending(handle):
                pass  # one that is neither kept nor runs is forgotten
            raise

    def domain_save_image_get_xml_desc(self, file: str, flags: int) -> str:
        """`virDomainSaveImageGetXMLDesc`"""
        check_flags(flags, 1, "testDomainSaveImageGetXMLDesc")
        return domain_text(read_image(self.rules, Path(file)), -1, secure=bool(flags & 1), inactive=True)

    def domain_save_image_define_xml(self, file: str, dxml: str, flags: int) -> None:
        """`virDomainSaveImageDefineXML`"""
        both = DomainSaveRestoreFlags.RUNNING | DomainSaveRestoreFlags.PAUSED
        check_flags(flags, both, "testDomainSaveImageDefineXML")
        read_image(self.rules, Path(file))
        definition = self.rules.parse(dxml).replace(id=None)
        write_image(Path(file), definition, definition.name)

    # Managed save: there is no file; that there is one is all that is known of it.

    def domain_managed_save(self, dom: DomainHandle, flags: int) -> None:
        """`virDomainManagedSave`"""
        known = DomainSaveRestoreFlags
        check_flags(flags, known.BYPASS_CACHE | known.RUNNING | known.PAUSED, "testDomainManagedSave")
        self._spend(dom, JobKind.SAVE, "save")
        with self._changing(dom) as state:
            state.require_active()
            if not state.persistent:
                raise VirtError(ErrorCode.OPERATION_INVALID, "cannot do managed save for transient domain")
            self._stop(state, DomainShutoffReason.SAVED, Stopped.SAVED)
            state.managed_save = True

    def domain_has_managed_save_image(self, dom: DomainHandle, flags: int) -> bool:
        """`virDomainHasManagedSaveImage`"""
        check_flags(flags, 0, "testDomainHasManagedSaveImage")
        return self._view(dom).managed_save

    def domain_managed_save_remove(self, dom: DomainHandle, flags: int) -> None:
        """`virDomainManagedSaveRemove`"""
        check_flags(flags, 0, "testDomainManagedSaveRemove")
        with self._changing(dom) as state:
            state.managed_save = False

    def domain_core_dump_with_format(self, dom: DomainHandle, to: str, dumpformat: int, flags: int) -> None:
        """`virDomainCoreDumpWithFormat`"""
        check_flags(flags, DomainCoreDumpFlags.CRASH, "testDomainCoreDumpWithFormat")
        found = self._find(dom)
        gone = False
        with found.job(JobKind.DUMP) as job:
            with found.locked() as state:
                state.require_active()
                total = (state.definition.memory or 0) * 1024
            self.stage.tempo.pass_time("dump", job, total)
            write_dump(Path(to), dom.name)
            if dumpformat != DomainCoreDumpFormat.RAW:
                detail = "kdump-compressed format is not supported here"
                raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail)
            with found.locked() as state:
                job.check()
                if flags & DomainCoreDumpFlags.CRASH:
                    state.require_active()
                    self._stop(state, DomainShutoffReason.CRASHED, Stopped.CRASHED)
                    gone = self._publish(found, state)
        if gone:
            self.domains.remove(found)


def _refuse_other_xml(dxml: str | None) -> None:
    if dxml is not None:
        raise VirtError(ErrorCode.ARGUMENT_UNSUPPORTED, "xml modification unsupported")


def write_image(path: Path, definition: Domain, name: str) -> None:
    """Write an image; a failure leaves none.

    :raises VirtError: SYSTEM_ERROR.
    """
    text = domain_text(definition, -1, secure=True).encode()
    step = "open"
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        step = "write"
        with os.fdopen(descriptor, "wb") as file:
            file.write(MAGIC + LENGTH.pack(len(text)) + text)
    except OSError as error:
        if step == "write":
            path.unlink(missing_ok=True)
        raise system_error(error, f"saving domain '{name}' to '{path}': {step} failed") from error


def read_image(rules: DomainRules, path: Path) -> Domain:
    """The definition in an image.

    :raises VirtError: SYSTEM_ERROR if it cannot be read, INTERNAL_ERROR if it is none.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise system_error(error, f"cannot read domain image '{path}'") from error
    head, rest = data[: len(MAGIC)], data[len(MAGIC) :]
    if len(head) < len(MAGIC) or len(rest) < LENGTH.size:
        raise VirtError(ErrorCode.SYSTEM_ERROR, f"incomplete save header in '{path}': Success")
    if head != MAGIC:
        raise VirtError(ErrorCode.INTERNAL_ERROR, "mismatched header magic")
    (length,) = LENGTH.unpack_from(rest)
    text = rest[LENGTH.size :]
    if not 1 <= length <= LENGTH_MAX:
        raise VirtError(ErrorCode.INTERNAL_ERROR, "length of metadata out of range")
    if len(text) < length:
        raise VirtError(ErrorCode.SYSTEM_ERROR, f"incomplete metadata in '{path}': Success")
    return rules.parse(text[:length].decode(errors="replace")).replace(id=None)


def write_dump(path: Path, name: str) -> None:
    """Write a core dump, which has nothing in it but its beginning.

    :raises VirtError: SYSTEM_ERROR.
    """
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(MAGIC)
    except OSError as error:
        raise system_error(error, f"domain '{name}' coredump: failed to open {path}") from error
