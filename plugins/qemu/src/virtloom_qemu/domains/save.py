"""A domain put on disk and brought back: save and restore, managed save, core dumps."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from virtloom.driver.constants.domain import DomainCoreDumpFlags as Dump
from virtloom.driver.constants.domain import DomainCoreDumpFormat as Form
from virtloom.driver.constants.domain import DomainCreateFlags as Create
from virtloom.driver.constants.domain import DomainSaveImageXMLFlags, DomainSaveRestoreFlags
from virtloom.driver.constants.domain_event import DomainEventStoppedDetail as Stopped
from virtloom.driver.constants.domain_state import DomainPausedReason as Paused
from virtloom.driver.constants.domain_state import DomainRunningReason as Running
from virtloom.driver.constants.domain_state import DomainShutoffReason as Shutoff
from virtloom.driver.constants.domain_state import DomainState
from virtloom.driver.domains.base import refuse_other, uuid_text
from virtloom.driver.handles import DomainHandle
from virtloom.driver.params import STRING, TypedParam, checked
from virtloom.errors import ErrorCode, VirtError, system_error
from virtloom.locks import Guarded, Job, JobKind, LockError, ObjectGone
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.formatting import format_domain
from virtloom_qemu.domains.definitions import invalid
from virtloom_qemu.domains.life import RESTORED, Life
from virtloom_qemu.runs.phases.beginning import Start
from virtloom_qemu.runs.state import QemuDomain
from virtloom_qemu.runs.talk import Talk
from virtloom_qemu.saving import image, transfer
from virtloom_qemu.saving.image import Image

Save = DomainSaveRestoreFlags
SAVE_FLAGS = Save.BYPASS_CACHE | Save.RUNNING | Save.PAUSED
RESTORE_FLAGS = SAVE_FLAGS | Save.RESET_NVRAM
DUMP_FLAGS = Dump.LIVE | Dump.CRASH | Dump.BYPASS_CACHE | Dump.RESET | Dump.MEMORY_ONLY
CORE_FORMATS = {
    Form.RAW: None,
    Form.KDUMP_ZLIB: "kdump-zlib",
    Form.KDUMP_LZO: "kdump-lzo",
    Form.KDUMP_SNAPPY: "kdump-snappy",
    Form.WIN_DMP: "win-dmp",
}
PARAMS = {"file": STRING, "dxml": STRING}


class Saving(Life):
    """The calls that write a domain to disk."""

    def _find_images(self) -> None:
        """Learn which domains have a managed save image, when the daemon starts."""
        for found in self.domains:
            with found.locked() as state:
                name = state.definition.name
            kept = self._save_path(name).exists()
            with found.locked() as state:
                state.managed_save = kept
                found.publish(state.view())

    # Saving.

    def domain_save_flags(self, dom: DomainHandle, to: str, dxml: str | None, flags: int) -> None:
        """`virDomainSaveFlags`"""
        self._check_flags(flags, SAVE_FLAGS, "DomainSaveFlags")
        self._save(dom, Path(to), dxml, flags, managed=False)

    def domain_save_params(self, dom: DomainHandle, params: Sequence[TypedParam], flags: int) -> None:
        """`virDomainSaveParams`"""
        self._check_flags(flags, SAVE_FLAGS, "DomainSaveParams")
        given = checked(params, PARAMS)
        if "file" not in given:
            self._save(dom, None, given.get("dxml"), flags, managed=True)
            return
        self._save(dom, Path(str(given["file"])), given.get("dxml"), flags, managed=False)

    def domain_managed_save(self, dom: DomainHandle, flags: int) -> None:
        """`virDomainManagedSave`"""
        self._check_flags(flags, SAVE_FLAGS, "DomainManagedSave")
        self._save(dom, None, None, flags, managed=True)

    def _save(self, dom: DomainHandle, path: Path | None, dxml: object, flags: int, *, managed: bool) -> None:
        found = self._find(dom)
        with found.locked() as state:
            state.require_active()
            if managed and not state.persistent:
                raise invalid("cannot do managed save for transient domain")
        with found.job(JobKind.SAVE) as job:
            with found.locked() as state:
                state.require_active()
                run, live = state.run, state.definition
                was_running = state.state == DomainState.RUNNING
            assert run is not None
            talk = Talk(found, job, run)
            target = self._save_path(live.name) if path is None else path
            refuse_unsavable(live)
            self._write_image(talk, target, live, dxml, was_running, flags)
            with found.locked() as state:
                state.managed_save = managed
            self._end(found, run, Shutoff.SAVED, Stopped.SAVED)

    def _write_image(self, talk: Talk, path: Path, live: Domain, dxml: object, was_running: bool, flags: int) -> None:
        """Write an image; a failure leaves none, and a guest that ran goes on."""
        self._keep_status(talk.found)
        if was_running:
            self._hold(talk, Paused.SAVE)
        try:
            saved = live if not dxml else self._fitting(str(dxml), live)
            running = bool(flags & Save.RUNNING) or (was_running and not flags & Save.PAUSED)
            made = Image(format_domain(saved, secure=True, inactive=True), running, self.settings.save_image_format)
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = image.create(path, made)
            try:
                transfer.send(talk, descriptor, image.program(made.compressed))
            except BaseException:
                path.unlink(missing_ok=True)
                raise
            finally:
                os.close(descriptor)
            image.complete(path, made)
        except BaseException:
            if was_running:
                with suppress(VirtError, LockError):
                    self._go_on(talk, Running.SAVE_CANCELED)
            raise

    def _fitting(self, xml: str, live: Domain) -> Domain:
        """Another definition for an image, if it is one of the same guest.

        :raises VirtError: CONFIG_UNSUPPORTED if it is not.
        """
        changed = self.rules.parse(xml).replace(id=None)
        if changed.uuid != live.uuid:
            detail = f"Target domain uuid {uuid_text(changed.uuid)} does not match source {uuid_text(live.uuid)}"
            raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail)
        if changed.name != live.name:
            detail = f"Target domain name '{changed.name}' does not match source '{live.name}'"
            raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail)
        if changed.memory != live.memory:
            detail = f"Target domain max memory {changed.memory} does not match source {live.memory}"
            raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail)
        return changed

    # Restoring.

    def domain_restore_flags(self, from_: str, dxml: str | None, flags: int) -> None:
        """`virDomainRestoreFlags`"""
        self._check_flags(flags, RESTORE_FLAGS, "DomainRestoreInternal")
        self._restore(Path(from_), dxml, flags)

    def domain_restore_params(self, params: Sequence[TypedParam], flags: int) -> None:
        """`virDomainRestoreParams`"""
        self._check_flags(flags, RESTORE_FLAGS, "DomainRestoreParams")
        given = checked(params, PARAMS)
        if "file" not in given:
            raise VirtError(ErrorCode.INVALID_ARG, "missing path to restore from")
        self._restore(Path(str(given["file"])), given.get("dxml"), flags)

    def _restore(self, path: Path, dxml: object, flags: int) -> None:
        descriptor, saved = image.open_image(path)
        try:
            definition = self.rules.parse(saved.definition).replace(id=None)
            if dxml:
                definition = self._fitting(str(dxml), definition)
            paused = bool(flags & Save.PAUSED) or not (saved.running or flags & Save.RUNNING)
            self._run_from(definition, descriptor, saved, paused=paused)
        finally:
            os.close(descriptor)

    def _run_from(self, definition: Domain, descriptor: int, saved: Image, *, paused: bool) -> None:
        """Start a domain from an open image, made if there is none."""
        while True:
            found = self._place(definition)
            with ExitStack() as stack:
                try:
                    job = stack.enter_context(found.job(JobKind.START))
                except ObjectGone:
                    self.domains.remove(found)
                    continue
                try:
                    with found.locked() as state:
                        refuse_other(state, definition, inactive=True)
                except VirtError:
                    self._forget_unused(found)
                    raise
                self._restored(found, job, definition, descriptor, saved, paused=paused)
                return

    def _restored(
        self, found: Guarded[QemuDomain], job: Job, definition: Domain, descriptor: int, saved: Image, *, paused: bool
    ) -> None:
        """Start a domain's process and let it take its state, in its START job."""
        talk = self._begin(found, job, definition, Start(incoming="defer"))
        try:
            transfer.receive(talk, descriptor, image.program(saved.compressed, decompress=True))
        except BaseException:
            self._end(found, talk.run, Shutoff.FAILED, None)
            raise
        self._set_going(talk, paused=paused, how=RESTORED)

    def _start(self, found: Guarded[QemuDomain], job: Job, definition: Domain, flags: int) -> None:
        """Start a domain: from its managed save image, if there is one."""
        path = self._save_path(definition.name)
        if path.exists() and not flags & Create.START_FORCE_BOOT:
            if self._start_saved(found, job, definition, path, flags):
                return
        elif path.exists():
            self._unlink_save(path)
        with found.locked() as state:
            state.managed_save = False
        super()._start(found, job, definition, flags)

    def _start_saved(self, found: Guarded[QemuDomain], job: Job, definition: Domain, path: Path, flags: int) -> bool:
        """Restore a domain from its managed save image; whether that was possible at all."""
        try:
            descriptor, saved = image.open_image(path)
        except VirtError as error:
            if "incomplete" not in str(error):
                raise
            self.host.log.warning("ignoring the incomplete managed save image %s", path)
            path.unlink(missing_ok=True)
            return False
        try:
            kept = self.rules.parse(saved.definition).replace(id=None)
            if (kept.name, kept.uuid) != (definition.name, definition.uuid):
                detail = (
                    f"cannot restore domain '{definition.name}' uuid {uuid_text(definition.uuid)} from a file"
                    f" which belongs to domain '{kept.name}' uuid {uuid_text(kept.uuid)}"
                )
                raise VirtError(ErrorCode.OPERATION_FAILED, detail)
            paused = bool(flags & Create.START_PAUSED) or not saved.running
            self._restored(found, job, kept, descriptor, saved, paused=paused)
        finally:
            os.close(descriptor)
        path.unlink(missing_ok=True)
        with found.locked() as state:
            state.managed_save = False
            found.publish(state.view())
        return True

    @staticmethod
    def _unlink_save(path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise system_error(error, f"cannot remove managed save file {path}") from error

    # What is in images.

    def domain_save_image_get_xml_desc(self, file: str, flags: int) -> str:
        """`virDomainSaveImageGetXMLDesc`"""
        self._check_flags(flags, DomainSaveImageXMLFlags.XML_SECURE, "DomainSaveImageGetXMLDesc")
        return self._image_xml(Path(file), flags)

    def _image_xml(self, path: Path, flags: int) -> str:
        descriptor, saved = image.open_image(path)
        os.close(descriptor)
        definition = self.rules.parse(saved.definition).replace(id=None)
        return format_domain(definition, secure=bool(flags & DomainSaveImageXMLFlags.XML_SECURE), inactive=True)

    def domain_save_image_define_xml(self, file: str, dxml: str, flags: int) -> None:
        """`virDomainSaveImageDefineXML`"""
        self._check_flags(flags, Save.RUNNING | Save.PAUSED, "DomainSaveImageDefineXML")
        self._redefine_image(Path(file), dxml, flags)

    def _redefine_image(self, path: Path, dxml: str, flags: int) -> None:
        descriptor, saved = image.open_image(path)
        os.close(descriptor)
        changed = self._fitting(dxml, self.rules.parse(saved.definition))
        running = True if flags & Save.RUNNING else False if flags & Save.PAUSED else None
        image.rewrite(path, format_domain(changed, secure=True, inactive=True), running)

    def domain_has_managed_save_image(self, dom: DomainHandle, flags: int) -> bool:
        """`virDomainHasManagedSaveImage`"""
        self._check_flags(flags, 0, "DomainHasManagedSaveImage")
        return self._view(dom).managed_save

    def domain_managed_save_remove(self, dom: DomainHandle, flags: int) -> None:
        """`virDomainManagedSaveRemove`"""
        self._check_flags(flags, 0, "DomainManagedSaveRemove")
        found = self._find(dom)
        with found.job(JobKind.MODIFY):
            with found.locked() as state:
                name = state.definition.name
            self._unlink_save(self._save_path(name))
            with found.locked() as state:
                state.managed_save = False
                found.publish(state.view())

    def _managed_image(self, dom: DomainHandle) -> Path:
        view = self._view(dom)
        path = self._save_path(view.definition.name)
        if not path.exists():
            raise invalid("domain does not have managed save image")
        return path

    def domain_managed_save_get_xml_desc(self, dom: DomainHandle, flags: int) -> str:
        """`virDomainManagedSaveGetXMLDesc`"""
        self._check_flags(flags, DomainSaveImageXMLFlags.XML_SECURE, "DomainManagedSaveGetXMLDesc")
        return self._image_xml(self._managed_image(dom), flags)

    def domain_managed_save_define_xml(self, dom: DomainHandle, dxml: str | None, flags: int) -> None:
        """`virDomainManagedSaveDefineXML`"""
        self._check_flags(flags, Save.RUNNING | Save.PAUSED, "DomainManagedSaveDefineXML")
        self._redefine_image(self._managed_image(dom), dxml or "", flags)

    # Dumping.

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
        existed = path.exists()
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise system_error(error, f"Failed to create file '{path}'") from error
        try:
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


def refuse_unsavable(live: Domain) -> None:
    """Refuse a guest whose state is not in QEMU alone (`qemuMigrationSrcIsAllowed`).

    :raises VirtError: OPERATION_INVALID.
    """
    if any(one.mode == "subsystem" and one.type == "pci" for one in live.parts.hostdevs):
        raise invalid("domain has assigned non-USB host devices")
    if any(disk.mirror is not None for disk in live.parts.disks):
        raise VirtError(ErrorCode.OPERATION_INVALID, "domain has active block job")
