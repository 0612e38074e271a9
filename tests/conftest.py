"""What all tests share: scratch folders with short names, and daemons in them."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent))

from daemons import Daemon, Virsh

# How long an example takes is no property of what is tested: the machine may be busy.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A folder whose path is short enough for sockets in it."""
    folder = Path(tempfile.mkdtemp(prefix="vl-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def daemon(scratch: Path) -> Iterator[Daemon]:
    """A daemon of the test's own; it must end in order, and its log must tell of no violated lock rule."""
    running = Daemon(scratch)
    yield running
    log = running.stop()
    assert "LockViolation" not in log, log


@pytest.fixture
def virsh(daemon: Daemon) -> Virsh:
    """virsh, connected to the daemon's test:///default by a connection a call.

    An idle connection is held by `keeper` where state has to last from one call to the next.
    """
    return Virsh(daemon.uri())
