"""What a link of the host has carried (`virNetDevTapInterfaceStats`)."""

from __future__ import annotations

from pathlib import Path

from virtloom.driver.node.kernel import number
from virtloom.errors import ErrorCode, VirtError

COUNTERS = ("bytes", "packets", "errors", "dropped")

InterfaceStats = tuple[int, int, int, int, int, int, int, int]


def interface_counters(name: str, *, seen_by_guest: bool = True) -> InterfaceStats:
    """The counters of one of the host's links: received, then sent.

    :param seen_by_guest: as the guest at its other end counts: what the host's end receives, the guest has sent.
    :raises VirtError: INTERNAL_ERROR if there is no such link.
    """
    folder = Path("/sys/class/net") / name / "statistics"
    if not folder.is_dir():
        raise VirtError(ErrorCode.INTERNAL_ERROR, "/proc/net/dev: Interface not found")
    ways = ("tx", "rx") if seen_by_guest else ("rx", "tx")
    a, b, c, d, e, f, g, h = (number(folder / f"{way}_{counter}") for way in ways for counter in COUNTERS)
    return a, b, c, d, e, f, g, h
