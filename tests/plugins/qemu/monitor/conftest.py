"""A monitor whose other end is the test's."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from qmp_peer import GREETING, Kept, Peer

from virtloom.locks import LockManager
from virtloom_qemu.monitor import Monitor


@pytest.fixture
def caller() -> Iterator[ThreadPoolExecutor]:
    """Threads for calls that wait while the test plays the peer."""
    with ThreadPoolExecutor(4) as pool:
        yield pool


@pytest.fixture
def peer() -> Peer:
    return Peer()


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def monitor(peer: Peer, locks: LockManager, kept: Kept, caller: ThreadPoolExecutor) -> Iterator[Monitor]:
    """A monitor that has been greeted."""
    made = Monitor(
        peer.client,
        "guest",
        locks,
        on_event=kept.events.append,
        on_end=lambda reason, broken: kept.ends.append((reason, broken)),
        deadline=20.0,
    )
    greeted = caller.submit(made.negotiate)
    peer.says(GREETING)
    assert peer.answers({})["execute"] == "qmp_capabilities"
    greeted.result(10)
    yield made
    made.close()
