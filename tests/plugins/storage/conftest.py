"""Tests of the storage driver share the modules of this folder."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from stores import Store, kept


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A storage driver that leaves no rule about locks broken."""
    with kept(tmp_path) as running:
        yield running
