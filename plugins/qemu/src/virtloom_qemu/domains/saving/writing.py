"""A domain that runs is put on disk, and its run ends."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from virtloom.driver.constants.domain_event import DomainEventStoppedDetail as Stopped
from virtloom.driver.constants.domain_job import DomainJobOperation as Operation
from virtloom.driver.constants.domain_state import DomainPausedReason as Paused
from virtloom.driver.constants.domain_state import DomainRunningReason as Running
from virtloom.driver.constants.domain_state import DomainShutoffReason as Shutoff
from virtloom.driver.constants.domain_state import DomainState
from virtloom.driver.handles import DomainHandle
from virtloom.driver.params import TypedParam, checked
from virtloom.errors import VirtError, system_error
from virtloom.locks import JobKind, LockError
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.formatting import format_domain
from virtloom_qemu.domains.definitions import invalid
from virtloom_qemu.domains.saving.base import PARAMS, SAVE_FLAGS, Save, SavingBase
from virtloom_qemu.runs.given.interfaces import unplugged
from virtloom_qemu.runs.talk import Talk
from virtloom_qemu.saving import image, transfer
from virtloom_qemu.saving.allowed import refuse_unsavable
from virtloom_qemu.saving.image import Image
from virtloom_qemu.saving.progress import JobStats


class Writing(SavingBase):
    """`virDomainSave` and its kin."""

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
            target = path or self._place_for(live)
            refuse_unsavable(talk, live)
            self._can_be_sent(talk)
            self._write_image(talk, target, live, dxml, was_running, flags)
            try:
                with talk.state() as state:
                    state.managed_save = managed
            except BaseException:  # it was destroyed at the last moment, and may run anew: this image is of the past
                target.unlink(missing_ok=True)
                raise
            self._end(found, run, Shutoff.SAVED, Stopped.SAVED)

    def _place_for(self, live: Domain) -> Path:
        """Where a managed image goes, in a folder that is ours to make."""
        path = self._save_path(live.name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise system_error(error, f"cannot make {path.parent}") from error
        return path

    def _write_image(self, talk: Talk, path: Path, live: Domain, dxml: object, was_running: bool, flags: int) -> None:
        """Write an image; a failure leaves none, and a guest that ran goes on."""
        self._keep_status(talk.found)
        if was_running:
            self._hold(talk, Paused.SAVE)
        try:
            saved = live if not dxml else self._fitting(str(dxml), live)
            running = bool(flags & Save.RUNNING) or (was_running and not flags & Save.PAUSED)
            saved = saved.with_devices(interfaces=tuple(unplugged(one) for one in saved.parts.interfaces))
            made = Image(format_domain(saved, secure=True, inactive=True), running, self.settings.save_image_format)
            with image.written(path, made) as descriptor, self._working(talk, JobStats(Operation.SAVE)):
                transfer.send(talk, descriptor, image.program(made.compressed))
        except BaseException:
            if was_running:
                with suppress(VirtError, LockError):
                    self._go_on(talk, Running.SAVE_CANCELED)
            raise
