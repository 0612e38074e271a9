"""Sets of the host's processors as the wire has them: a bit for each (`VIR_USE_CPU`)."""

from __future__ import annotations

from collections.abc import Iterable

from virtloom.errors import ErrorCode, VirtError


def cpu_map(numbers: Iterable[int], length: int | None = None) -> bytes:
    """A set of processors as a map.

    :param length: of the map, in bytes; just long enough unless given.
    """
    members = list(numbers)
    made = bytearray(max(members, default=0) // 8 + 1 if length is None else length)
    for cpu in members:
        if cpu // 8 < len(made):
            made[cpu // 8] |= 1 << cpu % 8
    return bytes(made)


def cpu_set(data: bytes) -> frozenset[int]:
    """The set that a map stands for."""
    return frozenset(number for number in range(8 * len(data)) if data[number // 8] & 1 << number % 8)


def pinned_cpus(data: bytes, detail: str = "Empty cpu list for pinning") -> frozenset[int]:
    """The set that something is to be pinned to.

    :raises VirtError: INVALID_ARG if it is empty.
    """
    found = cpu_set(data)
    if not found:
        raise VirtError(ErrorCode.INVALID_ARG, detail)
    return found
