"""What the client's tests share: a daemon that the test plays, and a real one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from peer import Peer

from daemons import Daemon
from virtloom.client import Connection, connect


@pytest.fixture
def peer() -> Iterator[Peer]:
    playing = Peer()
    yield playing
    playing.close()


@pytest.fixture
def connection(daemon: Daemon) -> Iterator[Connection]:
    with connect(daemon.uri()) as opened:
        yield opened
