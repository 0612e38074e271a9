"""A fault in force: how often something fitted, how often it hit, and what waits for its release."""

from __future__ import annotations

import threading
from random import Random
from typing import Any

from virtloom_test.faults.fault import Fault


class Armed:
    """A fault in force. Its counts are changed under the lock of the `Faults` that it belongs to.

    :param seed: what its chances are drawn from, together with its name.
    :ivar fitted: how many calls or events were such as it is about; :ivar hit: how many of them it hit.
    :ivar released: set when what it holds back may go on.
    """

    def __init__(self, fault: Fault, seed: str) -> None:
        self.fault = fault
        self.fitted = 0
        self.hit = 0
        self.released = threading.Event()
        self._random = Random(f"{seed} {fault.name}") if seed else Random()

    def take(self) -> bool:
        """Count something that fits; whether it is hit."""
        fault = self.fault
        self.fitted += 1
        if (fault.nth and self.fitted != fault.nth) or (fault.times and self.hit >= fault.times):
            return False
        if fault.probability < 1 and self._random.random() >= fault.probability:
            return False
        self.hit += 1
        return True

    def release(self) -> None:
        """Let what it holds back go on; what it hits later is held anew."""
        released, self.released = self.released, threading.Event()
        released.set()

    def describe(self) -> dict[str, Any]:
        """The fault and its counts."""
        shown = {key: value for key, value in vars(self.fault).items() if value != getattr(Fault, key, None)}
        return {**shown, "fitted": self.fitted, "hit": self.hit}
