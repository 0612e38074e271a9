"""The rig, which every test must leave without a thread, a descriptor or a session too many."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from server_rig import Rig, open_descriptors

from virtloom.locks import Checker, LockManager, Mode


@pytest.fixture
def checker() -> Iterator[Checker]:
    """A checker that raises at the line that breaks a rule; nothing may have been found at the end."""
    checker = Checker(Mode.ENFORCE)
    yield checker
    assert not checker.findings


@pytest.fixture
def locks(checker: Checker) -> LockManager:
    """Makes the server's locks."""
    return LockManager("server", checker)


@pytest.fixture
def rig(scratch: Path, locks: LockManager) -> Iterator[Rig]:
    """A server that the test starts."""
    gc.collect()
    before = open_descriptors()
    rig = Rig(scratch, locks)
    yield rig
    assert rig.stop() == []
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("rig-")] == []
    assert [session.closed for session in rig.sessions] == [1] * len(rig.sessions)
    assert open_descriptors() == before
