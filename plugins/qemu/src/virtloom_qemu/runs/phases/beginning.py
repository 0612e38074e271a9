"""How a run begins: the process is started, its monitor greeted, what it chose is learned, its processors go on.

All of it happens inside the domain's START job (or that of a restore), with the lock taken only to look at the state
and to change it. Whatever fails on the way leaves the domain as it was, shut off with the reason `failed`.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from virtloom.driver.constants.domain_event import ConnectDomainEventAgentLifecycleReason as Why
from virtloom.driver.constants.domain_event import DomainEventID
from virtloom.driver.constants.domain_state import DomainShutoffReason as Shutoff
from virtloom.driver.files.journal import Journal
from virtloom.driver.kinds import DriverKind
from virtloom.errors import VirtError
from virtloom.locks import Guarded, Job
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.capabilities import Emulator
from virtloom_qemu.command import Context, build, prepare
from virtloom_qemu.command.prepare import without_media_formats
from virtloom_qemu.command.requisites import require_devices
from virtloom_qemu.definition.guest import Guest
from virtloom_qemu.definition.starting import check_start
from virtloom_qemu.firmware import make_variables
from virtloom_qemu.helpers import Serving, Setting
from virtloom_qemu.hotplug import throttle
from virtloom_qemu.hotplug.displays import set_password
from virtloom_qemu.hotplug.processors import plug_the_removable
from virtloom_qemu.monitor.channel import connect
from virtloom_qemu.process import GuestPaths, GuestProcess, launch
from virtloom_qemu.process.affinity import set_affinity
from virtloom_qemu.process.identity import Identity
from virtloom_qemu.runs.given.groups import EMULATOR, IOTHREAD, VCPU, GuestGroups, pinned, place, with_partition
from virtloom_qemu.runs.given.hostdevs import all_taken
from virtloom_qemu.runs.given.interfaces import Connection
from virtloom_qemu.runs.given.labels import identity_of, labelled
from virtloom_qemu.runs.given.logfile import GuestLog
from virtloom_qemu.runs.given.missing import Missing
from virtloom_qemu.runs.given.owners import give_folder
from virtloom_qemu.runs.given.resources import given
from virtloom_qemu.runs.given.secrets import revealed
from virtloom_qemu.runs.given.vsock import vsock_opened
from virtloom_qemu.runs.happening.counters import count_again
from virtloom_qemu.runs.happening.events import Happenings
from virtloom_qemu.runs.happening.processor import with_processor
from virtloom_qemu.runs.happening.refresh import iothread_threads, refresh, vcpu_threads
from virtloom_qemu.runs.happening.taints import taints_of
from virtloom_qemu.runs.state import QemuDomain, Run
from virtloom_qemu.runs.talk import Talk

MONITOR_WITHIN = 30.0  # seconds for the process to take the connection to its monitor


@dataclass(frozen=True)
class Start:
    """How a run is to begin.

    :ivar incoming: where the guest's state comes from (`-incoming`); None if it boots.
    :ivar load_snapshot: the internal snapshot that it begins with.
    :ivar reset_nvram: whether its firmware's variables begin anew.
    :ivar cold: whether it is a start that no earlier run of the guest's goes on in.
    """

    incoming: str | None = None
    load_snapshot: str | None = None
    reset_nvram: bool = False
    cold: bool = False


class Attempt(NamedTuple):
    """A start that is under way.

    :ivar number: the run's id; :ivar paths: its files; :ivar log: where its guest's words go.
    :ivar start: how it begins.
    """

    number: int
    paths: GuestPaths
    log: GuestLog
    start: Start


class Beginning(Happenings):
    """The beginning of runs."""

    def _begin(self, found: Guarded[QemuDomain], job: Job, definition: Domain, start: Start) -> Talk:
        """Start a domain's process and meet its monitor; its processors are stopped still.

        :param definition: what is run.
        :return: the talk with it, which goes on in the same job.
        :raises VirtError: nothing of the run is left then.
        """
        number = next(self._ids)
        paths = GuestPaths.of(self.host.dirs, definition.name, number)
        attempt = Attempt(number, paths, GuestLog(paths.log), start)
        with self.displays.placed(definition, paths.folder) as placed:
            try:
                run, live = self._run(found, placed, attempt)
            except BaseException:
                self._clear_away(paths)
                self.disk_images.let_go(definition, number)
                self._failed(found)
                raise
            return self._meet(Talk(found, job, run), live, attempt.log)

    def _run(self, found: Guarded[QemuDomain], definition: Domain, attempt: Attempt) -> tuple[Run, Domain]:
        """Start the process; from here on the domain is active, and can be destroyed."""
        paths = attempt.paths
        for folder in (paths.folder, paths.channels):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        journal = Journal(paths.journal)
        journal.begin()
        if os.geteuid() == 0:
            definition = labelled(definition, self.identity)
        emulator = self._emulator(definition)
        with (
            vsock_opened(definition) as (numbered, opened),
            all_taken(self.host_devices, numbered, emulator, journal) as placed,
            GuestGroups.made(placed, attempt.number, journal) as groups,
            self.interfaces.all_connected(placed, journal) as (linked, connections),
        ):
            whole = linked if groups is None else with_partition(linked)
            live, lost = self._prepared(whole, attempt)
            with self.helpers.begun(live, self._setting(live, attempt), journal) as helpers:
                process, monitor = self._launch(live, connections, helpers, groups, attempt, opened)
        told = [one.told(whole, emulator) for one in lost]
        run = self._make_run(found, attempt.number, process, paths, monitor, live, groups)
        with found.locked() as state:
            state.begin_run(live, run)
            for payload in told:
                self._emit(DomainEventID.DISK_CHANGE, state.handle, payload)
            state.helpers = helpers
            found.publish(state.view())
        self._keep_status(found)
        journal.close()
        return run, live

    def _prepared(self, definition: Domain, attempt: Attempt) -> tuple[Domain, list[Missing]]:
        """The definition of the run, with its images noted and its variables made; the disks that it does without."""
        context = self._context(definition, attempt)
        check_start(definition, context.emulator)
        found, lost = self.disk_images.found(definition, cold=attempt.start.cold)
        live = without_media_formats(prepare(found, context))
        require_devices(Guest(live, context.emulator))
        self.disk_images.hold(live, attempt.number)
        make_variables(live, reset=attempt.start.reset_nvram)
        return live, lost

    def _setting(self, live: Domain, attempt: Attempt) -> Setting:
        """What the helpers of a run depend on."""
        guest, incoming = identity_of(live, self.identity), attempt.start.incoming is not None
        return Setting(self.host, self.settings, attempt.number, attempt.paths, guest, attempt.log, incoming)

    def _launch(
        self,
        live: Domain,
        connections: Sequence[Connection],
        helpers: Mapping[str, Serving],
        groups: GuestGroups | None,
        attempt: Attempt,
        opened: Mapping[str, int],
    ) -> tuple[GuestProcess, socket.socket]:
        """Start the process, and connect to its monitor."""
        context, paths, who = self._context(live, attempt), attempt.paths, identity_of(live, self.identity)
        context = replace(context, sockets={alias: one.socket for alias, one in helpers.items()})
        secrets = revealed(live, self.host.driver(DriverKind.SECRET))
        with given(live, paths.folder, paths.monitor, connections, secrets, opened) as resources:
            line = build(live, replace(context, descriptors=resources.descriptors))
            argv = resources.arguments(line.argv)
            attempt.log.starting(argv, line.env)
            for folder in (paths.folder, paths.channels):
                give_folder(folder, who)
            other = None if who == Identity.own() else who
            with self._ownership(live, groups).granted(live, Journal(paths.journal)):
                process = launch(
                    argv, log=paths.log, pid_file=paths.pid, env=line.env, fds=resources.fds, identity=other
                )
                try:
                    self._confine(live, groups, process, helpers)
                    return process, self._reach(process, attempt)
                except BaseException:
                    process.end()
                    raise

    @staticmethod
    def _confine(
        live: Domain, groups: GuestGroups | None, process: GuestProcess, helpers: Mapping[str, Serving]
    ) -> None:
        """Put a process where its definition wants it, before it has threads of the guest's."""
        if groups is not None:
            groups.begin(live, process.pid)
            for helper in helpers.values():
                groups.join(helper.pid)
        where = pinned(live, EMULATOR, None)
        if where is not None:
            set_affinity(process.pid, where)

    @staticmethod
    def _reach(process: GuestProcess, attempt: Attempt) -> socket.socket:
        """Connect to the monitor of a process.

        :raises VirtError: with the process's last words, if it ended.
        """
        try:
            return connect(attempt.paths.monitor, MONITOR_WITHIN, process.alive)
        except VirtError as error:
            raise attempt.log.exit_error() or error from error

    def _emulator(self, definition: Domain) -> Emulator:
        return self.emulators.lookup(definition.parts.emulator or "")

    def _context(self, definition: Domain, attempt: Attempt) -> Context:
        return Context(
            self._emulator(definition),
            self.settings,
            self.host.dirs.state,
            id=attempt.number,
            incoming=attempt.start.incoming,
            load_snapshot=attempt.start.load_snapshot,
            reset_nvram=attempt.start.reset_nvram,
            privileged=os.geteuid() == 0,
        )

    def _meet(self, talk: Talk, live: Domain, log: GuestLog) -> Talk:
        """Greet the monitor and learn what the process chose."""
        run = talk.run
        try:
            talk.monitor.negotiate()
            for one in live.parts.interfaces:
                if one.link is not None and one.link.get("state") == "down" and one.alias is not None:
                    talk.ask("set_link", name=one.alias.get("name"), up=False)
            plug_the_removable(talk, live)
            throttle.set_all(talk, live)
            for display in live.parts.graphics:
                set_password(talk, display)
            if live.on_reboot == "destroy":
                talk.ask("set-action", reboot="shutdown")
            live = count_again(run, live, self.host.log)
            known, threads = with_processor(refresh(talk, live), talk), vcpu_threads(talk)
            place(run.groups, known, VCPU, threads)
            place(run.groups, known, IOTHREAD, iothread_threads(talk))
            with talk.state() as state:
                state.definition, state.vcpu_threads = known, threads
                state.tainted = taints_of(known)
                self._tell_of_agent(state, Why.DOMAIN_STARTED)
        except BaseException as error:
            ended = run.process.wait(0.2)
            self._end(talk.found, run, Shutoff.FAILED, None)
            if ended and isinstance(error, VirtError):
                raise log.exit_error() or error from error
            raise
        return talk
