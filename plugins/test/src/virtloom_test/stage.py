"""The stage: what all hosts that the driver plays have in common."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from random import Random

from virtloom.driver import ConfigKey, DriverHost
from virtloom_test.faults.faults import Faults
from virtloom_test.time.clock import Clock
from virtloom_test.time.tempo import Tempo

CONFIG = (
    ConfigKey("faults", "", "A TOML file of faults that hold from the start; they can be changed while it runs."),
    ConfigKey("seed", "", "Any text: uuids, addresses and chances are then the same in every run."),
    ConfigKey("keep_hosts", False, "Whether a host outlives its last connection, which libvirt's does not."),
    ConfigKey("persist", False, "Whether hosts are written to the state folder at the end and found again."),
    ConfigKey("extras", False, "Whether test:///default has what libvirt's lacks: jobs, block jobs, migration."),
    ConfigKey("host", "", "A file that 'virtloom record' wrote: what test:///default says of its host."),
    ConfigKey("clock", 0.0, "What the hosts' clock shows at first, in seconds since 1970; 0 for the real time."),
    ConfigKey("clock_rate", 1.0, "How fast the clock runs; 0 for one that only moves when told."),
    ConfigKey("durations", [], "How long work takes, as KIND=SECONDS: ['save=2', 'migrate=10']."),
)


@dataclass(frozen=True)
class Options:
    """The driver's section of the configuration; see `CONFIG`."""

    faults: str = ""
    seed: str = ""
    keep_hosts: bool = False
    persist: bool = False
    extras: bool = False
    host: str = ""
    clock: float = 0.0
    clock_rate: float = 1.0
    durations: tuple[str, ...] = ()


class Stage:
    """What a daemon's played hosts share.

    :ivar host: what the daemon gives to the plugin.
    :ivar clock: tempo: the hosts' time, and what work takes of it.
    :ivar faults: what is to go wrong.
    """

    def __init__(self, host: DriverHost) -> None:
        self.host = host
        self.options = Options(**{name: value for name, value in host.config.items() if hasattr(Options, name)})
        start = self.options.clock or None
        self.clock = Clock(host.locks, start, running=True)
        self.clock.change(rate=self.options.clock_rate)
        self.tempo = Tempo(host, self.clock, self.options.durations)
        self.faults = Faults(host, self.options.seed)
        self.ended = threading.Event()  # set when the driver stops, for work in the background

    def random(self, uri: str) -> Random | None:
        """Where a host's uuids and addresses come from, the same in each run; None for the system's source."""
        return Random(f"{self.options.seed} {uri}") if self.options.seed else None
