"""What the kernel tells of a guest's threads (proc(5))."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
UTIME, STIME, RSS, PROCESSOR = 11, 12, 21, 36  # fields of stat, counted from the state
PAGE_KIB = os.sysconf("SC_PAGE_SIZE") // 1024


class Usage(NamedTuple):
    """What a process or one of its threads has used.

    :ivar user: system: processor time in ns.
    :ivar processor: where it ran last.
    :ivar rss: resident memory in KiB.
    """

    user: int
    system: int
    processor: int
    rss: int

    @property
    def time(self) -> int:
        """All processor time, in ns."""
        return self.user + self.system


def usage(pid: int, thread: int | None = None) -> Usage | None:
    """What a process, or one thread of it, has used; None if it is gone."""
    folder = f"/proc/{pid}" if thread is None else f"/proc/{pid}/task/{thread}"
    try:
        fields = Path(folder, "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    user, system, rss, processor = (int(fields[place]) for place in (UTIME, STIME, RSS, PROCESSOR))
    return Usage(user * TICK_NS, system * TICK_NS, processor, rss * PAGE_KIB)


def waited(pid: int, thread: int) -> int:
    """How long a thread had to wait for a processor, in ns, as the scheduler's statistics have it; 0 if they do not."""
    for line in _lines(Path(f"/proc/{pid}/task/{thread}/sched")):
        name, _, value = line.partition(":")
        if name.strip() in ("se.statistics.wait_sum", "wait_sum"):
            return int(float(value) * 1_000_000)
    return 0


def delayed(pid: int, thread: int) -> int:
    """How long a thread was ready to run and did not, in ns (`schedstat`); 0 if the kernel does not say."""
    lines = _lines(Path(f"/proc/{pid}/task/{thread}/schedstat"))
    fields = lines[0].split() if lines else []
    return int(fields[1]) if len(fields) > 1 else 0


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
