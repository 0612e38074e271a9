"""What all calls about saved domains need."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from virtloom.driver.constants.domain import DomainSaveRestoreFlags
from virtloom.driver.constants.domain_job import DomainJobType as Type
from virtloom.driver.domains.base import uuid_text
from virtloom.driver.params import STRING
from virtloom.errors import ErrorCode, VirtError, system_error
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.domains.life import Life
from virtloom_qemu.runs.talk import Talk
from virtloom_qemu.saving.progress import JobStats

Save = DomainSaveRestoreFlags
SAVE_FLAGS = Save.BYPASS_CACHE | Save.RUNNING | Save.PAUSED
PARAMS = {"file": STRING, "dxml": STRING}


class SavingBase(Life):
    """Where managed images are, whether a document fits one, and how far a long job is."""

    def _find_images(self) -> None:
        """Learn which domains have a managed save image, when the daemon starts."""
        for path in self._save_path("").parent.glob("*.save"):
            found = self.domains.find_name(path.stem)
            if found is not None:
                with found.locked() as state:
                    state.managed_save = True
                    found.publish(state.view())

    @contextmanager
    def _working(self, talk: Talk, stats: JobStats) -> Iterator[None]:
        """A long job of which clients can ask how far it is; if it ends well, they can ask how it was, too."""
        with talk.state() as state:
            state.work = stats
        try:
            yield
        except BaseException:
            with talk.found.locked() as state:
                state.work = None
            raise
        with talk.found.locked() as state:
            if state.work is not None and not state.work.memory_only:
                state.completed = replace(state.work.now(), type=Type.COMPLETED)
            state.work = None

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

    @staticmethod
    def _unlink_save(path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise system_error(error, f"cannot remove managed save file {path}") from error
