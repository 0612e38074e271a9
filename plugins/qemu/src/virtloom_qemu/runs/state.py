"""The state of one domain of this driver, and the run that it may have."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import NamedTuple

from virtloom.driver.constants.domain_state import DomainPausedReason as Paused
from virtloom.driver.constants.domain_state import DomainRunningReason as Running
from virtloom.driver.constants.domain_state import DomainState as State
from virtloom.driver.domains import DomainState
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.agent import AgentLine
from virtloom_qemu.blockjobs.job import BlockJob
from virtloom_qemu.helpers.serving import Serving
from virtloom_qemu.monitor import EventWorker, Monitor, MonitorEvent
from virtloom_qemu.process import GuestPaths, GuestProcess
from virtloom_qemu.process.counters import PerfCounters
from virtloom_qemu.runs.given.groups import GuestGroups
from virtloom_qemu.saving.progress import JobStats
from virtloom_qemu.storage.layers import highest_number, numbers_taken


class Happening(NamedTuple):
    """What a guest's worker deals with: an event of its monitor, or the monitor's end.

    :ivar event: None for the end.
    :ivar reason: why it ended; :ivar broken: whether it spoke nonsense, so that its process may still live.
    """

    event: MonitorEvent | None = None
    reason: str = ""
    broken: bool = False


@dataclass(frozen=True)
class Run:
    """One run of a guest; what belongs to it and never changes.

    :ivar id: the domain's number in this run.
    :ivar monitor: to be talked to inside a job, with no lock held.
    :ivar worker: deals with what the monitor tells.
    :ivar agent: the connection to its agent; :ivar counters: what is counted of its process.
    :ivar groups: its control groups; None if it has none.
    :ivar over: set when what it had was given back.
    """

    id: int
    process: GuestProcess
    paths: GuestPaths
    monitor: Monitor
    worker: EventWorker[Happening]
    agent: AgentLine
    counters: PerfCounters
    groups: GuestGroups | None = None
    over: threading.Event = field(default_factory=threading.Event)


class Leaving:
    """A device that the guest was told to let go, while somebody waits for it to go.

    :ivar done: set when the guest answered; :ivar refused: whether it will not let go.
    """

    def __init__(self) -> None:
        self.done = threading.Event()
        self.refused = False


@dataclass
class QemuDomain(DomainState):
    """One domain.

    :ivar run: its run; None when it does not run.
    :ivar pause_reason: running_reason: why the processors stop or start next, told before the monitor is.
    :ivar fake_reboot: whether the guest was told to shut down in order to be started again.
    :ivar paused_by_shutdown: whether it stopped for such a reboot, so that the pause is not shown.
    :ivar stirred: whether its processors run for a moment that is not shown.
    :ivar ending: whether a call is ending the run, so that the process's end surprises nobody.
    :ivar finishing: whether a call is giving back what the run had, which is done once.
    :ivar failure: what is wrong with its monitor; None if nothing.
    :ivar tainted: what was done to it that is not supported (`virDomainTaintFlags`, by number).
    :ivar vcpu_threads: the threads of its processors, by the processors' numbers; replaced whole.
    :ivar original_cpu: the processor that its run was started with, before it was told what that really is.
    :ivar updated: whether it was defined anew while it ran.
    :ivar last_image: the highest number that an image of this run has had.
    :ivar work: how far the long job is that runs; :ivar completed: how the last one was that ended well.
    :ivar agent_timeout: how long its agent has for an answer (`virDomainQemuAgentCommandTimeoutValues`).
    :ivar resets: how often it was reset in this run.
    :ivar thresholds: the numbers of images whose threshold was set by number, so that it is told by number alone.
    :ivar clock_began: what a clock of variable offset showed when the run began, in seconds off UTC.
    :ivar block_jobs: what is done with its images, by the names that QEMU has for the jobs; replaced whole.
    :ivar coming: what it is while it gets a device, as a daemon finds it that has to see whether it did; else None.
    :ivar leaving: by alias, the devices that somebody waits to see go.
    :ivar helpers: the processes that serve its devices, by the devices' aliases; replaced whole.
    :ivar status_version: how often the state that a restarted daemon needs was changed.
    """

    run: Run | None = None
    pause_reason: int = Paused.UNKNOWN
    running_reason: int = Running.UNKNOWN
    fake_reboot: bool = False
    paused_by_shutdown: bool = False
    stirred: bool = False
    ending: bool = False
    finishing: bool = False
    failure: str | None = None
    tainted: frozenset[int] = frozenset()
    status_version: int = 0
    updated: bool = False
    vcpu_threads: dict[int, int] = field(default_factory=dict)
    last_image: int = 0
    original_cpu: Node | None = None
    agent_timeout: int = -1
    resets: int = 0
    clock_began: int = 0
    thresholds: frozenset[int | None] = frozenset()
    work: JobStats | None = None
    completed: JobStats | None = None
    block_jobs: dict[str, BlockJob] = field(default_factory=dict)
    leaving: dict[str, Leaving] = field(default_factory=dict)
    coming: Domain | None = None
    helpers: dict[str, Serving] = field(default_factory=dict)

    @property
    def starting(self) -> bool:
        """Whether its run is still being made."""
        return self.state == State.PAUSED and self.reason == Paused.STARTING_UP

    def number_image(self) -> int:
        """A number for a new image, which none of this run's has ever had."""
        self.last_image = max(self.last_image, highest_number(self.definition)) + 1
        self.status_version += 1
        return self.last_image

    def begin_run(self, live: Domain, run: Run) -> None:
        """It has a process, whose processors are stopped still."""
        self.id, self.run = run.id, run
        self.next = self.definition
        self.definition = live
        self.original_cpu = live.cpu
        self.last_image = numbers_taken(live)
        self.clock_began = int((live.clock.adjustment if live.clock is not None else None) or 0)
        self.state, self.reason = State.PAUSED, Paused.STARTING_UP
        self.status_version += 1

    def end_run(self, reason: int) -> None:
        """Its process is no more, and nothing that held for that run alone.

        :param reason: why it is shut off.
        """
        self.end(reason)
        self.run = None
        self.pause_reason, self.running_reason = Paused.UNKNOWN, Running.UNKNOWN
        self.fake_reboot = self.paused_by_shutdown = self.stirred = self.ending = self.finishing = False
        self.failure = None
        self.vcpu_threads = {}
        self.block_jobs = {}
        self.last_image = 0
        self.agent_timeout = -1
        self.resets = 0
        self.thresholds = frozenset()
        self.work = None
        self.leaving = {}
        self.coming = None
        self.helpers = {}
        self.tainted = frozenset()
