"""Finding guests again that a daemon before this one left running.

Before a client is served, each status file becomes a domain that says what the file says, with a connection to its
monitor. Then each guest is asked for itself, all at the same time, on a thread of its own with a job held: what it says
of its processors, its devices and its memory is what holds. Whoever wants to talk to it meanwhile waits for that job.

A long job that was in flight when the daemon died is finished or undone by the rule of its kind:

| job | rule |
|---|---|
| start, restore | nobody was told that it had begun: the process is ended |
| save, dump, snapshot | the transfer is cancelled; a guest that was stopped for it goes on |
| dump of memory alone | it cannot be cancelled: it goes on, and a guest that was stopped for it goes on at its end |
| disks of a snapshot | those that the guest has become its disks, others are closed (`snapshots.meanwhile`) |
| attach | a device that QEMU has is the guest's, one that it has not is taken away with its parts |
| block jobs | QEMU goes on with them by itself: they are found again, and what ended meanwhile is dealt with |
| delete of a snapshot of images | its block jobs are cancelled if they had not been told to end |
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from virtloom.driver.constants.domain_event import DomainEventPMSuspendedDetail as Asleep
from virtloom.driver.constants.domain_event import DomainEventStoppedDetail as Stopped
from virtloom.driver.constants.domain_event import DomainEventType as Event
from virtloom.driver.constants.domain_state import DomainPausedReason as Paused
from virtloom.driver.constants.domain_state import DomainRunningReason as Running
from virtloom.driver.constants.domain_state import DomainShutoffReason as Shutoff
from virtloom.driver.constants.domain_state import DomainState
from virtloom.errors import VirtError
from virtloom.locks import Guarded, Job, JobKind, LockError
from virtloom.xmldef import document
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.blockjobs.job import BlockJob
from virtloom_qemu.helpers import Serving
from virtloom_qemu.monitor import MonitorEvent
from virtloom_qemu.monitor.channel import connect
from virtloom_qemu.process import GuestPaths, GuestProcess
from virtloom_qemu.runs.given.groups import GuestGroups
from virtloom_qemu.runs.happening.counters import count_again
from virtloom_qemu.runs.happening.refresh import refresh, vcpu_threads
from virtloom_qemu.runs.phases.strays import Strays
from virtloom_qemu.runs.state import QemuDomain, Run
from virtloom_qemu.runs.status import Status
from virtloom_qemu.runs.talk import Talk
from virtloom_qemu.saving import transfer

CONNECT_WITHIN = 2.0  # seconds; a living process listens already, so it takes none
CLAIM_WITHIN = 30.0  # seconds for all threads to have their jobs
UNDONE = (JobKind.SAVE.value, JobKind.DUMP.value, JobKind.SNAPSHOT.value)


class Reconnecting(Strays):
    """The way back to running guests."""

    @contextmanager
    def _finding_again(self) -> Iterator[None]:
        """Make domains of the guests that were left running, and have them asked; before anything is served.

        The kept definitions are read in the block. No guest is asked before its end: what became of a guest may change
        its kept definition too, which is not to be overtaken by an older one.
        """
        left = [(found, status) for status in self.status_files.load() if (found := self._recall(status)) is not None]
        self._ids = count(1 + max((status.id for _, status in left), default=0))
        self._clear_strays({self._paths(status).folder: found for found, status in left})
        yield
        claimed = [self._spawn(found, status) for found, status in left]
        for event in claimed:
            event.wait(CLAIM_WITHIN)

    def _paths(self, status: Status) -> GuestPaths:
        return GuestPaths.of(self.host.dirs, status.name, status.id)

    def _recall(self, status: Status) -> Guarded[QemuDomain] | None:
        """A domain as its status file has it."""
        definition = status.domain()
        if definition.uuid is None:
            return None
        found, _ = self.domains.obtain(definition.uuid, definition.name, lambda: QemuDomain(definition))
        with found.locked() as state:
            state.definition = state.next = definition.replace(id=None)
            state.id, state.state, state.reason = status.id, status.state, status.reason
            state.persistent = status.persistent
            state.fake_reboot = status.fake_reboot
            state.tainted = frozenset(status.tainted)
            state.last_image = status.last_image
            if status.original_cpu is not None:
                state.original_cpu = document.parse(status.original_cpu, "domain_status")
            state.agent_timeout = status.agent_timeout
            state.clock_began = status.clock_began
            state.helpers = {alias: Serving(**kept) for alias, kept in status.helpers.items()}
            state.block_jobs = {name: BlockJob(**kept) for name, kept in status.block_jobs.items()}
        self.disk_images.hold(definition, status.id, running=True)
        self.host_devices.hold(definition)
        process = GuestProcess(status.pid, status.began)
        paths = self._paths(status)
        groups = None if status.group is None else GuestGroups(status.group)
        run = self._found_run(found, definition, status.id, process, paths, groups)
        with found.locked() as state:
            state.run = run
            helpers = state.helpers if run is not None else {}
            found.publish(state.view())
        for alias, serving in helpers.items():
            self.helpers.watch(status.name, alias, serving)
        return found

    def _found_run(
        self,
        found: Guarded[QemuDomain],
        live: Domain,
        number: int,
        process: GuestProcess,
        paths: GuestPaths,
        groups: GuestGroups | None,
    ) -> Run | None:
        """A connection to the monitor of a process that lives; None if it does not."""
        if not process.alive():
            return None
        try:
            sock = connect(paths.monitor, CONNECT_WITHIN, process.alive)
        except VirtError as error:
            self.host.log.error("the monitor of %s cannot be reached, so the guest is ended: %s", live.name, error)
            process.end()
            return None
        return self._make_run(found, number, process, paths, sock, live, groups)

    def _spawn(self, found: Guarded[QemuDomain], status: Status) -> threading.Event:
        """Have a guest asked on a thread of its own; the event says that it holds its job."""
        claimed = threading.Event()

        def ask() -> None:
            try:
                with found.job(JobKind.MODIFY, "reconnect") as job:
                    claimed.set()
                    self._reconnect(found, job, status)
                if status.job == JobKind.DUMP.value and stopped_for_it(status):
                    self._see_dump_end(found)
            except (VirtError, LockError) as error:
                self.host.log.error("%s could not be reconnected: %s", status.name, error)
            finally:
                claimed.set()

        threading.Thread(target=ask, name=f"reconnect-{status.name}", daemon=True).start()
        return claimed

    def _reconnect(self, found: Guarded[QemuDomain], job: Job, status: Status) -> None:
        """Ask a guest what became of it; one that is no more, or was only being started, is ended."""
        with found.locked() as state:
            run = state.run
        if run is None:
            self._gone_meanwhile(found, status)
            return
        talk = Talk(found, job, run)
        try:
            talk.monitor.negotiate()
            if status.state == DomainState.PAUSED and status.reason == Paused.STARTING_UP:
                self._end(found, run, Shutoff.FAILED, None)
                return
            self._catch_up(talk, status)
        except VirtError as error:
            self.host.log.error("%s is ended, since its monitor cannot be used: %s", status.name, error)
            self._end(found, run, Shutoff.DAEMON, Stopped.FAILED)
            return
        self._keep_status(found)
        run.worker.start()

    def _gone_meanwhile(self, found: Guarded[QemuDomain], status: Status) -> None:
        """The guest ended while no daemon was there."""
        paths = self._paths(status)
        with found.locked() as state:
            helpers = state.helpers
        self.helpers.end(helpers)
        if status.group is not None:
            GuestGroups(status.group).remove()
        stopped = status.state == DomainState.SHUTDOWN
        reason, detail = (Shutoff.SHUTDOWN, Stopped.SHUTDOWN) if stopped else (Shutoff.CRASHED, Stopped.FAILED)
        self._finish(found, None, paths, reason, detail)

    def _catch_up(self, talk: Talk, status: Status) -> None:
        """Put what the guest says of itself into the state."""
        interrupted = status.job in UNDONE
        if interrupted:
            transfer.give_up(talk)
        told = talk.ask("query-status")
        with talk.found.locked() as state:
            live = state.definition
        live = count_again(talk.run, live, self.host.log)
        live, threads = refresh(talk, live), vcpu_threads(talk)
        talk.monitor.running = bool(told["running"])
        with talk.state() as state:
            state.definition, state.vcpu_threads = live, threads
            state.pause_reason = PAUSE_REASONS.get(told["status"], Paused.UNKNOWN)
            if told["status"] == "suspended" and state.state == DomainState.RUNNING:
                state.state, state.reason = DomainState.PMSUSPENDED, 0
                self._lifecycle(state, Event.PMSUSPENDED, Asleep.MEMORY)
            self._follow(state)
        self._listen_to_agent(talk.run, live)
        self._catch_up_with_jobs(talk)
        if told["status"] == "shutdown":
            self._on_shutdown(talk.found, talk.run, SHUT_DOWN)
        elif interrupted and not told["running"] and stopped_for_it(status) and not transfer.dumps(talk):
            self._go_on(talk, Running.SAVE_CANCELED)

    def _see_dump_end(self, found: Guarded[QemuDomain]) -> None:
        """Have a guest go on when its memory has been dumped; until then no processor does (qmp_cont)."""
        with found.job(JobKind.DUMP, "reconnect") as job:
            with found.locked() as state:
                run, paused = state.run, state.state == DomainState.PAUSED
            if run is None or not paused:
                return
            self._keep_status(found)
            talk = Talk(found, job, run)
            while transfer.dumps(talk):
                job.check()
                time.sleep(transfer.LONGEST_PAUSE)
            self._go_on(talk, Running.UNPAUSED)
        self._keep_status(found)


def stopped_for_it(status: Status) -> bool:
    """Whether a guest ran before the long job that was in flight; the status may be of before or after it stopped."""
    if status.state == DomainState.PAUSED:
        return status.reason in (Paused.SAVE, Paused.DUMP, Paused.SNAPSHOT)
    return status.state == DomainState.RUNNING


SHUT_DOWN = MonitorEvent("SHUTDOWN", {"guest": True}, 0, 0)  # what nobody heard
PAUSE_REASONS = {
    "io-error": Paused.IOERROR,
    "watchdog": Paused.WATCHDOG,
    "guest-panicked": Paused.CRASHED,
    "shutdown": Paused.SHUTTING_DOWN,
}
