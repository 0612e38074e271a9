"""The stage: what all hosts that the driver plays have in common."""

from __future__ import annotations

import threading
from random import Random

from virtloom.driver import DriverHost
from virtloom_test.faults.faults import Faults
from virtloom_test.options import Options
from virtloom_test.time.clock import Clock
from virtloom_test.time.tempo import Tempo


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
