"""What a restarted daemon finds a running guest by: one file a guest, `run/qemu/NAME.json`.

Guarantees: the file has the newest state that was written, however many threads write at once: each brings the version
of the state that it saw under the domain's lock, and an older one never replaces a newer one.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from virtloom.errors import VirtError
from virtloom.locks import Level, LockManager
from virtloom.xmldef import document
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.formatting import format_domain
from virtloom_qemu.runs.state import QemuDomain

log = logging.getLogger(__name__)
FORMAT = 1  # of the file; one of another format is left alone


@dataclass(frozen=True)
class Status:
    """The state of a run, as far as it is kept.

    :ivar definition: the live one, as XML; :ivar next: what a transient domain's next start would be, or None.
    :ivar original_cpu: the processor that it was started with, as XML.
    :ivar group: the path of its control group.
    :ivar pid: began: which process it is; :ivar job: the long job in flight, for the rule of its kind.
    :ivar block_jobs: the fields of each `BlockJob`; :ivar helpers: of each `Serving`.
    """

    name: str
    id: int
    pid: int
    began: int
    state: int
    reason: int
    persistent: bool
    definition: str
    fake_reboot: bool = False
    tainted: tuple[int, ...] = ()
    group: str | None = None
    original_cpu: str | None = None
    job: str | None = None
    block_jobs: dict[str, Any] = field(default_factory=dict)
    helpers: dict[str, Any] = field(default_factory=dict)
    last_image: int = 0
    agent_timeout: int = -1
    clock_began: int = 0
    format: int = FORMAT

    @classmethod
    def of(cls, state: QemuDomain, job: str | None) -> Status:
        """The status of a domain that runs, under its lock.

        :param job: the kind of the asynchronous job in flight.
        """
        assert state.run is not None
        return cls(
            name=state.definition.name,
            id=state.id,
            pid=state.run.process.pid,
            began=state.run.process.began,
            state=state.state,
            reason=state.reason,
            persistent=state.persistent,
            definition=format_domain(state.coming or state.definition, secure=True, private=True),
            fake_reboot=state.fake_reboot,
            tainted=tuple(sorted(state.tainted)),
            original_cpu=None if state.original_cpu is None else document.write(state.original_cpu),
            group=None if state.run.groups is None else state.run.groups.path,
            job=job,
            block_jobs={name: asdict(one) for name, one in state.block_jobs.items()},
            helpers={alias: one._asdict() for alias, one in state.helpers.items()},
            last_image=state.last_image,
            agent_timeout=state.agent_timeout,
            clock_began=state.clock_began,
        )

    def domain(self) -> Domain:
        """The live definition, exactly as it was: nothing is filled in."""
        return Domain.read(document.parse(self.definition, "domain_status"))


class StatusFiles:
    """The folder of status files."""

    def __init__(self, folder: Path, locks: LockManager) -> None:
        self._folder = folder
        self._lock = locks.lock("status files", Level.LEAF)
        self._written: dict[str, tuple[int, int]] = {}  # by name: the run's id, and the version

    def write(self, status: Status, version: int) -> None:
        """Put a status on disk, unless a newer one is there. With no lock held.

        :param version: how often the state had changed when the status was made; never decreases in a run.
        :raises OSError: if it cannot be written; the old one is then still there.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=self._folder, prefix=f".{status.name}.")
        try:
            with os.fdopen(descriptor, "w") as file:
                json.dump(asdict(status), file, indent=1)
                file.flush()
                os.fsync(descriptor)
            written = status.id, version
            with self._lock:
                if written >= self._written.get(status.name, (0, 0)):
                    self._written[status.name] = written
                    os.replace(temporary, self._path(status.name))
                else:
                    os.unlink(temporary)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def remove(self, name: str, number: int) -> None:
        """Forget a run that ended, but not the one after it.

        :param number: the run's id.
        """
        with self._lock:
            if self._written.get(name, (number, 0))[0] <= number:
                self._written.pop(name, None)
                self._path(name).unlink(missing_ok=True)

    def load(self) -> Iterator[Status]:
        """Every status that can be read; the others are logged and left where they are."""
        for path in sorted(self._folder.glob("*.json")):
            try:
                kept = json.loads(path.read_text())
                if kept.get("format") != FORMAT:
                    raise ValueError(f"it has format {kept.get('format')}, not {FORMAT}")
                status = Status(**kept)
                if status.name != path.stem:
                    raise ValueError(f"it tells of '{status.name}', whose file has another name")
                status.domain()
            except (OSError, ValueError, TypeError, AttributeError, VirtError) as error:
                log.error("the status file %s is ignored: %s", path, error)
                continue
            yield status

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.json"
