"""Tests of the QEMU driver share the modules of this folder."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from virtloom.locks import Checker, LockManager, Mode
from virtloom_qemu.object_types import ALL

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def locks() -> LockManager:
    """Locks that are checked."""
    return LockManager("qemu", Checker(Mode.ENFORCE), ALL)
