"""Calls per second of one connection, and of several at once, against both daemons in turn.

The load comes from this process, so with many connections it is the bottleneck; the ratio
still compares like with like.
"""

from __future__ import annotations

import statistics
import struct
import threading
import time

from benchmarks.rawclient import GET_LIB_VERSION, LOOKUP_BY_NAME, RawClient, frame, string
from benchmarks.targets import Target, libvirtd, virtloomd

SECONDS = 1.0
ROUNDS = 5
GET_INFO = 16
URI = "test:///default"


def rate(target: Target, data: bytes, connections: int) -> float:
    """Calls per second over some connections, each calling as fast as it is answered."""
    clients = [RawClient(target.socket, URI) for _ in range(connections)]
    counts = [0] * connections
    end = time.monotonic() + SECONDS

    def work(place: int) -> None:
        client = clients[place]
        while time.monotonic() < end:
            client.call(data)
            counts[place] += 1

    threads = [threading.Thread(target=work, args=(place,)) for place in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for client in clients:
        client.close()
    return sum(counts) / SECONDS


def loads(target: Target) -> dict[str, bytes]:
    """The calls that are measured; the domain's handle comes from the daemon itself."""
    client = RawClient(target.socket, URI)
    domain = client.call(frame(LOOKUP_BY_NAME, string("test")))
    client.close()
    return {
        "library version": frame(GET_LIB_VERSION),
        "look-up by name": frame(LOOKUP_BY_NAME, string("test")),
        "domain info": frame(GET_INFO, domain),
        "domain XML": frame(14, domain + struct.pack(">I", 0)),
    }


def main() -> None:
    """Print the median rate of each load, and the ratio to libvirtd."""
    with virtloomd() as ours, libvirtd() as theirs:
        for name in loads(ours):
            for connections in (1, 8):
                figures: dict[str, list[float]] = {}
                for _ in range(ROUNDS):
                    for target in filter(None, (ours, theirs)):
                        figures.setdefault(target.name, []).append(rate(target, loads(target)[name], connections))
                medians = {target: statistics.median(rates) for target, rates in figures.items()}
                ratio = f"  ratio {medians['virtloomd'] / medians['libvirtd']:.2f}" if "libvirtd" in medians else ""
                shown = "  ".join(f"{target} {value:8.0f}/s" for target, value in medians.items())
                print(f"{name:16} x{connections}: {shown}{ratio}")
