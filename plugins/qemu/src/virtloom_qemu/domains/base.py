"""What all parts of the driver stand on: its collection, and a talk with a guest's monitor inside a job."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from virtloom.driver import URI, DriverHost, DriverKind
from virtloom.driver.base import Driver
from virtloom.driver.constants.domain import DomainModificationImpact as Impact
from virtloom.driver.domains import KeptDomains
from virtloom.driver.handles import DomainHandle
from virtloom.driver.hostdevs import HostDevices
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.locks import Guarded, JobKind, ObjectGone
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.capabilities import EmulatorCache
from virtloom_qemu.definition.rules import QemuRules
from virtloom_qemu.helpers import Helpers
from virtloom_qemu.object_types import DOMAIN
from virtloom_qemu.process.identity import Identity, chosen
from virtloom_qemu.runs.alteration import Alteration
from virtloom_qemu.runs.given.devicelist import DeviceList
from virtloom_qemu.runs.given.displays import Displays
from virtloom_qemu.runs.given.groups import GuestGroups
from virtloom_qemu.runs.given.images import DiskImages
from virtloom_qemu.runs.given.interfaces import Interfaces
from virtloom_qemu.runs.given.labels import identity_of, relabels
from virtloom_qemu.runs.given.ownership import Ownership
from virtloom_qemu.runs.happening.transitions import Transitions
from virtloom_qemu.runs.state import QemuDomain, Run
from virtloom_qemu.runs.status import Status, StatusFiles
from virtloom_qemu.runs.talk import Talk
from virtloom_qemu.settings import Settings


class DomainsBase(KeptDomains[QemuDomain], Transitions):
    """The collection of domains, and how a method reaches one.

    :param host: what the daemon gives to the plugin.
    """

    error_domain = ErrorDomain.QEMU
    functions = "qemu"
    tells_monitors = True
    paths = ("/system", "/session")

    def __init__(self, host: DriverHost) -> None:
        super().__init__(host, DOMAIN, QemuDomain)
        self.status_files = StatusFiles(host.dirs.runtime, host.locks)
        self.settings = Settings.from_config(host.config)
        self.disk_images = DiskImages(host)
        self.displays = Displays(self.settings, host.locks)
        self.interfaces = Interfaces(host)
        self.helpers = Helpers(host)
        self.host_devices = HostDevices("QEMU", host.locks)
        self.identity = chosen(self.settings.user, self.settings.group, host.dirs.state)
        self.emulators = EmulatorCache(host.dirs.cache / "capabilities", host.run)
        self.rules: QemuRules = QemuRules(self.emulators, self.settings, host.dirs.state)

    def _ownership(self, live: Domain, groups: GuestGroups | None = None) -> Ownership:
        """What gives files to whom a run's process runs as.

        :param groups: of a run that goes on, whose processes are to open just what they are given.
        """
        given = os.geteuid() == 0 and self.settings.dynamic_ownership and relabels(live)
        who = identity_of(live, self.identity) if given else Identity.own()
        # root needs to own nothing to open it, so that its guests take no file from anybody
        devices = DeviceList(None if groups is None else groups.whole)
        who_else = None if who == Identity.own() else who
        return Ownership(who_else, remember=self.settings.remember_owner, devices=devices)

    def open(self, uri: URI) -> dict[DriverKind, Driver]:
        """See `HypervisorDriver.open`."""
        if uri.path not in self.paths:
            detail = f"unexpected qemu URI path '{uri.path}', try qemu:///system"
            raise VirtError(ErrorCode.INTERNAL_ERROR, detail)
        return {self.kind: self}

    def _forget_moments(self, name: str) -> None:
        """Forget the snapshots of a domain that is no more; they stay inside its images."""

    @contextmanager
    def _talking(self, dom: DomainHandle, kind: JobKind, timeout: float | None = None) -> Iterator[Talk]:
        """A talk with the monitor of a domain that runs.

        :param kind: of the job that is held meanwhile.
        :param timeout: seconds to wait for the job.
        :raises VirtError: OPERATION_INVALID if it does not run.
        """
        found = self._find(dom)
        with found.job(kind, timeout=timeout) as job:
            with found.locked() as state:
                state.require_active()
                run = state.run
            assert run is not None
            yield Talk(found, job, run)

    @contextmanager
    def _changing(self, dom: DomainHandle) -> Iterator[QemuDomain]:
        """See `Domains._changing`; what a restarted daemon needs follows as well."""
        with super()._changing(dom) as state:
            yield state
            state.status_version += 1
        self._keep_status(self._find(dom))

    @contextmanager
    def _altering(self, dom: DomainHandle, flags: int) -> Iterator[Alteration]:
        """A change of the definitions that the flags choose, in a MODIFY job, with the lock released for the block.

        :param flags: of `virDomainModificationImpact`, among others.
        :raises VirtError: OPERATION_INVALID if the domain has no such definition.
        """
        found = self._find(dom)
        with found.job(JobKind.MODIFY) as job:
            with found.locked() as state:
                chosen = state.impact(flags)
                talk = None if state.run is None else Talk(found, job, state.run)
                live = state.definition if chosen & Impact.LIVE else None
                config = state.config if chosen & Impact.CONFIG else None
                change = Alteration(live, config, state.definition, talk)
            yield change
            change.settle()
            if change.config is not None and change.config is not config:
                with found.locked() as state:
                    if state.config is not config:  # it was changed by another, who could begin as this job was killed
                        job.check()
                self.write_definition(change.config)
                with found.locked() as state:
                    state.set_config(change.config)
                    found.publish(state.view())
        self._keep_status(found)

    def _keep_status(self, found: Guarded[QemuDomain]) -> None:
        """Put on disk what a restarted daemon needs to know of a run. With no lock held; a failure is logged."""
        jobs = [job.kind.value for job in found.jobs.running if job.kind in LONG]
        with found.locked() as state:
            if state.run is None:
                return
            status, version = Status.of(state, jobs[0] if jobs else None), state.status_version
            run, live = state.run, state.definition
        self._keep_images(found, run, live)
        try:
            self.status_files.write(status, version)
        except OSError as error:
            self.host.log.error("the status of %s cannot be kept: %s", status.name, error)
        if not _goes_on(found, run):  # it ended meanwhile, and its status was removed before it was written here
            self.status_files.remove(status.name, run.id)

    def _keep_images(self, found: Guarded[QemuDomain], run: Run, live: Domain) -> None:
        """Have the storage know the images of a run as they are now, unless it ends at this moment."""
        self.disk_images.hold(live, run.id, running=True)
        if not _goes_on(found, run):
            self.disk_images.let_go(live, run.id)


def _goes_on(found: Guarded[QemuDomain], run: Run) -> bool:
    """Whether a run has not ended."""
    with suppress(ObjectGone), found.locked() as state:
        return state.run is run
    return False


LONG = frozenset(kind for kind in JobKind if kind.slot.name == "ASYNC")
