"""Performance counters of a guest's process (perf_event_open(2)), which the kernel has, or the processor.

Each thread that the process has is counted, and so are those that come later. The C library has no function for the
call, so it is made by its number.

Guarantees: a counter is enabled for all threads or not at all; what was opened is closed by `close`.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from pathlib import Path

from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error
from virtloom.locks import Level, LockManager

CALLS = {"x86_64": 298, "aarch64": 241, "riscv64": 241, "ppc64le": 319, "s390x": 331}  # by uname(2)'s machine
ATTR = struct.Struct("=IIQQQQQ")  # perf_event_attr up to its flags
ATTR_SIZE = 64  # bytes; PERF_ATTR_SIZE_VER0
INHERIT, CLOEXEC = 1 << 1, 1 << 3
HARDWARE = (
    "cpu_cycles", "instructions", "cache_references", "cache_misses", "branch_instructions", "branch_misses",
    "bus_cycles", "stalled_cycles_frontend", "stalled_cycles_backend", "ref_cpu_cycles",
)  # fmt: skip
SOFTWARE = (
    "cpu_clock", "task_clock", "page_faults", "context_switches", "cpu_migrations", "page_faults_min",
    "page_faults_maj", "alignment_faults", "emulation_faults",
)  # fmt: skip
# The kernel's type and number of each (enum perf_hw_id, enum perf_sw_ids).
EVENTS = {name: (kind, number) for kind, names in enumerate((HARDWARE, SOFTWARE)) for number, name in enumerate(names)}


class PerfCounters:
    """The counters of one process that are enabled."""

    def __init__(self, pid: int, locks: LockManager) -> None:
        self._pid = pid
        self._lock = locks.lock("perf counters", Level.LEAF)
        self._opened: dict[str, tuple[int, ...]] = {}
        self._ended = False

    @property
    def enabled(self) -> frozenset[str]:
        """The names of those that count."""
        with self._lock:
            return frozenset(self._opened)

    def enable(self, name: str) -> None:
        """Have something counted, from now on.

        :param name: of `virDomainSetPerfEvents`.
        :raises VirtError: ARGUMENT_UNSUPPORTED for what no kernel of today counts, SYSTEM_ERROR if this one does not.
        """
        if name not in EVENTS:  # cmt, mbmt, mbml, which kernels had before 4.14
            detail = f"unable to enable host cpu perf event for {name}"
            raise VirtError(ErrorCode.ARGUMENT_UNSUPPORTED, detail, ErrorDomain.PERF)
        try:
            opened = _opened(name, self._pid)
        except OSError as error:
            raise system_error(error, f"unable to open host cpu perf event for {name}", ErrorDomain.PERF) from error
        with self._lock:
            needed = not self._ended and name not in self._opened
            if needed:
                self._opened[name] = opened
        if not needed:
            _close(opened)

    def disable(self, name: str) -> None:
        """Have it counted no longer."""
        with self._lock:
            unneeded = self._opened.pop(name, ())
        _close(unneeded)

    def read(self) -> dict[str, int]:
        """What was counted so far."""
        with self._lock:
            return {name: sum(map(_count, opened)) for name, opened in self._opened.items()}

    def close(self) -> None:
        """End all of them, for good."""
        with self._lock:
            self._ended = True
        for name in self.enabled:
            self.disable(name)


def _opened(name: str, pid: int) -> tuple[int, ...]:
    """A counter of every thread of a process."""
    made: list[int] = []
    try:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            try:
                made.append(_open(*EVENTS[name], int(thread.name)))
            except ProcessLookupError:
                continue  # it ended meanwhile
    except BaseException:
        _close(tuple(made))
        raise
    return tuple(made)


def _open(kind: int, number: int, thread: int) -> int:
    attr = ctypes.create_string_buffer(ATTR.pack(kind, ATTR_SIZE, number, 0, 0, 0, INHERIT), ATTR_SIZE)
    call = CALLS.get(os.uname().machine)
    if call is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    library = ctypes.CDLL(None, use_errno=True)
    made: int = library.syscall(ctypes.c_long(call), attr, thread, -1, -1, ctypes.c_ulong(CLOEXEC))
    if made < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return made


def _count(descriptor: int) -> int:
    return int.from_bytes(os.read(descriptor, 8), "little")


def _close(descriptors: tuple[int, ...]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
