"""Calls that are stopped in the middle, so that a test says which of two clients comes first."""

from __future__ import annotations

import threading
from typing import Any

import pytest


class Gate:
    """Stops the first call of a method where it begins or, if so wanted, where it has ended."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, *, after: bool = False) -> None:
        self.reached, self.open = threading.Event(), threading.Event()
        original = getattr(owner, name)

        def gated(*args: Any) -> Any:
            first = not self.reached.is_set()
            if first and not after:
                self._stop()
            result = original(*args)
            if first and after:
                self._stop()
            return result

        monkeypatch.setattr(owner, name, gated)

    def _stop(self) -> None:
        self.reached.set()
        assert self.open.wait(20)
