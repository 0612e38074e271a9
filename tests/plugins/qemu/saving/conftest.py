"""Tests of saving share a played guest."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "monitor"))

from played import PlayedGuest

from virtloom.locks import LockManager


@pytest.fixture
def playing(locks: LockManager) -> Iterator[Callable[..., PlayedGuest]]:
    """Makes a guest with some answers of its monitor."""
    made: list[PlayedGuest] = []

    def make(answers: dict[str, list[Any]]) -> PlayedGuest:
        made.append(PlayedGuest(locks, answers))
        return made[-1]

    yield make
    for one in made:
        one.close()
