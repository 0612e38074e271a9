"""Many idle clients while some work: memory, threads, and whether the idle ones are disturbed."""

from __future__ import annotations

import statistics
import threading
import time

from benchmarks.calls import URI
from benchmarks.rawclient import GET_LIB_VERSION, RawClient, frame
from benchmarks.targets import Target, libvirtd, virtloomd

IDLE = 1000
WORKING = 64
SECONDS = 5.0


def measure(target: Target) -> None:
    """Connect the idle clients, let the others work, then ask every idle one whether it still answers."""
    empty = target.resident_mib
    idle = [RawClient(target.socket, URI) for _ in range(IDLE)]
    settled = target.resident_mib
    latencies = work(target)
    threads, peak = target.threads, target.resident_mib
    for client in idle:
        client.call(frame(GET_LIB_VERSION))
        client.close()
    latencies.sort()
    median, p99 = statistics.median(latencies) * 1e3, latencies[int(len(latencies) * 0.99)] * 1e3
    print(
        f"{target.name}: {empty:.0f} MiB empty, {settled:.0f} MiB with {IDLE} idle, {peak:.0f} MiB while {WORKING} work"
    )
    print(f"    {threads} threads, {len(latencies) / SECONDS:.0f} calls/s, median {median:.2f} ms, p99 {p99:.2f} ms")
    print(f"    all {IDLE} idle clients answered afterwards")


def work(target: Target) -> list[float]:
    """The latencies, in seconds, of clients that call as fast as they are answered."""
    data = frame(GET_LIB_VERSION)
    clients = [RawClient(target.socket, URI) for _ in range(WORKING)]
    latencies: list[list[float]] = [[] for _ in clients]
    end = time.monotonic() + SECONDS

    def loop(client: RawClient, taken: list[float]) -> None:
        while (begin := time.monotonic()) < end:
            client.call(data)
            taken.append(time.monotonic() - begin)

    threads = [threading.Thread(target=loop, args=pair) for pair in zip(clients, latencies, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for client in clients:
        client.close()
    return [latency for taken in latencies for latency in taken]


def main() -> None:
    """Measure virtloomd, then libvirtd."""
    with virtloomd() as ours:
        measure(ours)
    with libvirtd() as theirs:
        if theirs is not None:
            measure(theirs)
