"""Daemons whose hosts last, as a test of a client wants them, with checking on enforce; and who steers them."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from daemons import CONFIG, Daemon, Virsh
from virtloom.client import ConnectionLost, DeadlineMissed
from virtloom.errors import VirtError
from virtloom_testing import Control
from virtloom_testing.settings import configuration


class Played(Control):
    """A daemon with the test driver alone, and how it is steered."""

    def __init__(self, root: Path, **settings: Any) -> None:
        self.daemon = Daemon(root, CONFIG + configuration(settings))
        super().__init__(self.daemon.admin_socket)

    def was_restarted(self) -> bool:
        """Whether it answers, and has none of the faults that were set while it ran before."""
        try:
            return self.faults() == []
        except (ConnectionLost, DeadlineMissed, VirtError):
            return False

    def virsh(self, path: str = "/default") -> Virsh:
        """virsh, on one of its hosts."""
        return Virsh(self.daemon.uri(path=path))


@pytest.fixture
def play(scratch: Path) -> Iterator[Callable[..., Played]]:
    """Starts a daemon with keys of `[driver.test]`; it must end in order and have broken no lock rule."""
    running: list[Played] = []

    def start(**settings: Any) -> Played:
        running.append(Played(scratch, **settings))
        return running[-1]

    yield start
    for one in running:
        if one.daemon.process.poll() == -signal.SIGKILL:  # by the test
            continue
        if one.daemon.process.poll() is None:
            one.clear()
        log = one.daemon.stop()
        assert "LockViolation" not in log, log
        assert "Traceback" not in log, log


@pytest.fixture
def played(play: Callable[..., Played]) -> Played:
    """Such a daemon with the usual settings."""
    return play()
