"""How a run begins: the process is started, its monitor greeted, what it chose is learned, its processors go on.

All of it happens inside the domain's START job (or that of a restore), with the lock taken only to look at the state
and to change it. Whatever fails on the way leaves the domain as it was, shut off with the reason `failed`.
"""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack
from dataclasses import dataclass, replace

from virtloom.driver.constants.domain_state import DomainShutoffReason as Shutoff
from virtloom.errors import VirtError
from virtloom.locks import Guarded, Job
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.command import Context, build, prepare
from virtloom_qemu.monitor.channel import connect
from virtloom_qemu.process import GuestPaths, GuestProcess, launch
from virtloom_qemu.runs.given.logfile import GuestLog
from virtloom_qemu.runs.given.resources import given, refuse_unconnected
from virtloom_qemu.runs.happening.events import Happenings
from virtloom_qemu.runs.happening.refresh import refresh, vcpu_threads
from virtloom_qemu.runs.happening.taints import taints_of
from virtloom_qemu.runs.state import QemuDomain, Run
from virtloom_qemu.runs.talk import Talk
from virtloom_qemu.storage.chain import with_chains

MONITOR_WITHIN = 30.0  # seconds for the process to take the connection to its monitor


@dataclass(frozen=True)
class Start:
    """How a run is to begin.

    :ivar incoming: where the guest's state comes from (`-incoming`); None if it boots.
    :ivar load_snapshot: the internal snapshot that it begins with.
    """

    incoming: str | None = None
    load_snapshot: str | None = None


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
        log = GuestLog(paths.log)
        with ExitStack() as reserved:
            try:
                placed = reserved.enter_context(self.displays.placed(definition))
                live, process = self._launch(placed, number, paths, log, start)
                run = self._connect(found, live, number, process, paths, log)
            except BaseException:
                shutil.rmtree(paths.folder, ignore_errors=True)
                self._failed(found)
                raise
            return self._meet(Talk(found, job, run), live, log)

    def _launch(
        self, definition: Domain, number: int, paths: GuestPaths, log: GuestLog, start: Start
    ) -> tuple[Domain, GuestProcess]:
        refuse_unconnected(definition)
        context = self._context(definition, number, start)
        live = prepare(with_chains(definition), context)
        for folder in (paths.folder, paths.channels):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with given(live, paths.folder, paths.monitor) as resources:
            line = build(live, replace(context, descriptors=resources.descriptors))
            argv = resources.arguments(line.argv)
            log.starting(argv, line.env)
            return live, launch(argv, log=paths.log, pid_file=paths.pid, env=line.env, fds=resources.fds)

    def _context(self, definition: Domain, number: int, start: Start) -> Context:
        emulator = self.emulators.lookup(definition.parts.emulator or "")
        return Context(
            emulator,
            self.settings,
            self.host.dirs.state,
            id=number,
            incoming=start.incoming,
            load_snapshot=start.load_snapshot,
            privileged=os.geteuid() == 0,
        )

    def _connect(
        self,
        found: Guarded[QemuDomain],
        live: Domain,
        number: int,
        process: GuestProcess,
        paths: GuestPaths,
        log: GuestLog,
    ) -> Run:
        """Connect to the monitor of a process; from here on the domain is active, and can be destroyed."""
        try:
            socket = connect(paths.monitor, MONITOR_WITHIN, process.alive)
        except VirtError as error:
            process.end()
            raise log.exit_error() or error from error
        run = self._make_run(found, live.name, number, process, paths, socket)
        with found.locked() as state:
            state.begin_run(live, run)
            found.publish(state.view())
        self._keep_status(found)
        return run

    def _meet(self, talk: Talk, live: Domain, log: GuestLog) -> Talk:
        """Greet the monitor and learn what the process chose."""
        run = talk.run
        try:
            talk.monitor.negotiate()
            known, threads = refresh(talk, live), vcpu_threads(talk)
            with talk.state() as state:
                state.definition, state.vcpu_threads = known, threads
                state.tainted = taints_of(known)
        except BaseException as error:
            ended = run.process.wait(0.2)
            self._end(talk.found, run, Shutoff.FAILED, None)
            if ended and isinstance(error, VirtError):
                raise log.exit_error() or error from error
            raise
        return talk
