"""A domain is started from an image: one that a client names, or the one that is kept for its next start."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from virtloom.driver.constants.domain import DomainCreateFlags as Create
from virtloom.driver.constants.domain_state import DomainShutoffReason as Shutoff
from virtloom.driver.domains.base import uuid_text
from virtloom.driver.params import TypedParam, checked
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import Guarded, Job
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.domains.life import RESTORED
from virtloom_qemu.domains.saving.base import PARAMS, SAVE_FLAGS, Save, SavingBase
from virtloom_qemu.runs.phases.beginning import Start
from virtloom_qemu.runs.state import QemuDomain
from virtloom_qemu.saving import image, transfer
from virtloom_qemu.saving.image import Image

RESTORE_FLAGS = SAVE_FLAGS | Save.RESET_NVRAM


class Source(NamedTuple):
    """Where a guest's state comes from: an image, and a descriptor that stands at its state."""

    descriptor: int
    image: Image


class Restoring(SavingBase):
    """`virDomainRestore` and its kin, and starts."""

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
            with self._starting(definition) as (found, job):
                how = Start(incoming="defer", reset_nvram=bool(flags & Save.RESET_NVRAM))
                self._restored(found, job, definition, Source(descriptor, saved), how, paused=paused)
        finally:
            os.close(descriptor)

    def _restored(
        self, found: Guarded[QemuDomain], job: Job, definition: Domain, source: Source, how: Start, *, paused: bool
    ) -> None:
        """Start a domain's process and let it take its state, in its START job."""
        talk = self._begin(found, job, definition, how)
        try:
            transfer.receive(talk, source.descriptor, image.program(source.image.compressed, decompress=True))
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
            how = Start(incoming="defer", reset_nvram=bool(flags & Create.START_RESET_NVRAM))
            self._restored(found, job, kept, Source(descriptor, saved), how, paused=paused)
        finally:
            os.close(descriptor)
        path.unlink(missing_ok=True)
        with found.locked() as state:
            state.managed_save = False
            found.publish(state.view())
        return True
