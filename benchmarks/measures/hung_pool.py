"""What a pool costs others whose file system hangs whoever touches it: callers of another pool, and the daemon's stop.

Each round measures calls before and while the pool hangs, in the same daemon. While it does, clients look at it, list
it and wait for it, as people do who wonder what is wrong.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from statistics import median
from typing import NamedTuple

from benchmarks.clients import frames
from benchmarks.clients.latency import Call, Latency, latencies, p99_row, timed
from benchmarks.clients.rawclient import RawClient
from benchmarks.report.results import Row, Tell
from benchmarks.targets import Target, virtloomd
from virtloom.testkit.hanging import hanging

URI = "storage:///system"
STUCK = 32  # clients that wait for the pool
ROUNDS = 3
SECONDS = 3.0  # of calls, before and during
WARM = 1.5  # seconds of calls that are not counted, so that what is done once is done
SETTLE = 1.0  # seconds until all are stuck
CONFIG = """
[driver.storage]
io_deadline = 60.0
"""
POOL = "<pool type='dir'><name>{name}</name><target><path>{path}</path></target></pool>"
VOLUME = "<volume><name>{name}</name><capacity>1048576</capacity></volume>"
BUILD = 1  # VIR_STORAGE_POOL_CREATE_WITH_BUILD
STOPS_WITHIN = 30.0  # seconds


class Round(NamedTuple):
    """What one round measured.

    :ivar before: during: of each kind of call.
    :ivar stopping: seconds that the daemon took to stop while the pool hung.
    """

    before: dict[str, Latency]
    during: dict[str, Latency]
    stopping: float


def measure(tell: Tell, only: str = "") -> None:
    """Measure calls of each kind, and how long the daemon's end takes then."""
    if os.geteuid() != 0 or not os.path.exists("/dev/fuse"):
        print("a pool that hangs: needs root and /dev/fuse")
        return
    rounds = [_round() for _ in range(ROUNDS)]
    for kind in rounds[0].before:
        before, during = [one.before[kind] for one in rounds], [one.during[kind] for one in rounds]
        tell(p99_row(f"p99 of {kind}", STUCK, before, during))
    stopping = median(one.stopping for one in rounds)
    tell(Row("the daemon stops", STUCK, "ms", stopping * 1e3, None, beside="before"))


@contextmanager
def _pools(target: Target) -> Iterator[RawClient]:
    """A client of a daemon with two pools of one volume each, `dead` and `alive`."""
    with closing(RawClient(target.socket, uri=URI)) as client:
        for name in ("dead", "alive"):
            path = target.socket.parent.parent / name
            pool = client.call("storage_pool_create_xml", POOL.format(name=name, path=path), BUILD).pool
            client.call("storage_vol_create_xml", pool, VOLUME.format(name="v"), 0)
        yield client


def _calls(client: RawClient) -> Mapping[str, Call]:
    """What is asked of the pool that lives, and of the one that is to hang."""
    alive, dead = (client.call("storage_pool_lookup_by_name", name).pool for name in ("alive", "dead"))
    vol = client.call("storage_vol_lookup_by_name", alive, "v").vol
    make = frames.call("storage_vol_create_xml", alive, VOLUME.format(name="new"), 0)
    delete = frames.call("storage_vol_delete", vol._replace(name="new"), 0)
    frame = {
        "volume XML": frames.call("storage_vol_get_xml_desc", vol, 0),
        "list of volumes": frames.call("storage_pool_list_all_volumes", alive, 1, 0),
        "the hung pool's list": frames.call("storage_pool_list_all_volumes", dead, 1, 0),
        "the hung pool's look-up": frames.call("storage_vol_lookup_by_name", dead, "v"),
    }
    calls: dict[str, Call] = {kind: partial(client.send, one) for kind, one in frame.items()}
    return {**calls, "make and delete": lambda: (client.send(make), client.send(delete))}


def _round() -> Round:
    with virtloomd(CONFIG) as target, _pools(target) as client, ExitStack() as stack:
        calls = _calls(client)
        latencies(calls, WARM)
        before = latencies(calls, SECONDS)
        stack.enter_context(hanging(target.socket.parent.parent / "dead"))
        dead = client.call("storage_pool_lookup_by_name", "dead").pool
        for _ in range(STUCK):
            waiting = stack.enter_context(closing(RawClient(target.socket, uri=URI)))
            waiting.socket.sendall(frames.call("storage_pool_refresh", dead, 0))
        time.sleep(SETTLE)
        during = latencies(calls, SECONDS)
        os.kill(target.pid, signal.SIGTERM)
        return Round(before, during, timed(lambda: _await_end(target.pid)))


def _await_end(pid: int) -> None:
    """Wait until a process has ended, though nobody may have asked for its status yet."""
    deadline = time.monotonic() + STOPS_WITHIN
    while time.monotonic() < deadline:
        try:
            with open(f"/proc/{pid}/stat") as file:
                if file.read().rpartition(")")[2].split()[0] == "Z":
                    return
        except FileNotFoundError:
            return
        time.sleep(0.002)
    raise TimeoutError(f"the daemon runs {STOPS_WITHIN:g} s after it was told to stop")
