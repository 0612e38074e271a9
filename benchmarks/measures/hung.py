"""What clients that are stuck on one hung guest cost others: callers of another guest, who connects, who destroys it.

Each round measures calls on another guest before anybody is stuck and while all are, in the same daemon.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from functools import partial
from itertools import chain, repeat
from statistics import median
from typing import NamedTuple

from benchmarks.clients import frames
from benchmarks.clients.latency import Call, Latency, latencies, p99_row, timed
from benchmarks.clients.rawclient import RawClient
from benchmarks.report.results import Row, Tell
from benchmarks.targets import Target, virtloomd
from virtloom.driver.handles import DomainHandle
from virtloom_testing.control import Control

STUCK = 200
ROUNDS = 3
SECONDS = 3.0  # of calls, before and during
SETTLE = 1.0  # seconds until all are stuck
CONFIG = """
[server]
max_anonymous_clients = 500
[locks]
job_timeout = 600
"""
EMULATOR = "qemu-system-x86_64"
GUEST = """<domain type='qemu'><name>{name}</name><memory unit='MiB'>32</memory>
<os><type arch='x86_64' machine='pc'>hvm</type></os></domain>"""

# What is asked of the other guest meanwhile; the protocol gives the second priority.
CALLS = {"ordinary": ("domain_get_xml_desc", 0), "priority": ("domain_get_state", 0)}


class Scene(NamedTuple):
    """A guest that is about to hang, and one that is not.

    :ivar uri: reaches both.
    :ivar hung: other: the guests, which run.
    :ivar hang: lets the guest hang.
    :ivar stuck: what is then asked by the first of those who wait for it, and by all the others.
    """

    uri: str
    hung: DomainHandle
    other: DomainHandle
    hang: Call
    stuck: tuple[bytes, bytes]


class Round(NamedTuple):
    """What one round measured; times are in seconds.

    :ivar before: during: of each kind of call.
    :ivar connecting: how long it took a new client to connect, while all were stuck.
    :ivar destroying: how long it took to destroy the hung guest.
    """

    before: dict[str, Latency]
    during: dict[str, Latency]
    connecting: float
    destroying: float


@contextmanager
def test_driver(target: Target) -> Iterator[Scene]:
    """A guest of the test driver whose saving never ends; the others want to change its memory."""
    control = Control(target.socket.with_name("virtloom-admin-sock"))
    with closing(RawClient(target.socket)) as client:
        hung = client.call("domain_lookup_by_name", "test").dom
        other = client.call("domain_create_xml", frames.domain_xml(1), 0).dom
        save = frames.call("domain_save", hung, str(target.socket.with_name("saved")))
        change = frames.call("domain_set_memory", hung, 1 << 20)
        yield Scene(frames.URI, hung, other, lambda: control.durations(save=3600), (save, change))


@contextmanager
def qemu(target: Target) -> Iterator[Scene]:
    """A guest in QEMU whose process is stopped; its monitor is asked by the first, and would be by the others."""
    uri = "qemu:///system"
    with closing(RawClient(target.socket, uri=uri)) as client:
        hung, other = [client.call("domain_create_xml", GUEST.format(name=name), 0).dom for name in ("hung", "other")]
        pid = int((target.socket.parent / "qemu" / "hung.pid").read_text())
        ask = frames.call("domain_memory_stats", hung, 10, 0)
        try:
            yield Scene(uri, hung, other, lambda: os.kill(pid, signal.SIGSTOP), (ask, ask))
        finally:
            client.call("domain_destroy", other)


SCENES = {"the test driver": test_driver, "QEMU": qemu}


def measure(tell: Tell, only: str = "") -> None:
    """Measure each scene that can be set here."""
    for name, scene in SCENES.items():
        if name == "QEMU" and shutil.which(EMULATOR) is None:
            print(f"{name}: {EMULATOR} is not installed")
        elif only in name:
            _tell(tell, name, [_round(scene) for _ in range(ROUNDS)])


def _round(scene: Callable[[Target], AbstractContextManager[Scene]]) -> Round:
    """Measure, let the guest hang, let everybody call it, and measure again, in a daemon of its own."""
    with virtloomd(CONFIG) as target, scene(target) as on, ExitStack() as stack:
        crowd = [stack.enter_context(closing(RawClient(target.socket, uri=on.uri))) for _ in range(STUCK)]
        bystander = stack.enter_context(closing(RawClient(target.socket, uri=on.uri)))
        calls = {kind: frames.call(name, on.other, *rest) for kind, (name, *rest) in CALLS.items()}
        before = _latencies(bystander, calls)
        on.hang()
        for client, frame in zip(crowd, chain(on.stuck[:1], repeat(on.stuck[1])), strict=False):
            client.socket.sendall(frame)
        time.sleep(SETTLE)
        during = _latencies(bystander, calls)
        connecting = timed(lambda: RawClient(target.socket, uri=on.uri).close())
        destroying = timed(lambda: bystander.call("domain_destroy", on.hung))
        return Round(before, during, connecting, destroying)


def _latencies(client: RawClient, calls: Mapping[str, bytes]) -> dict[str, Latency]:
    return latencies({kind: partial(client.send, frame) for kind, frame in calls.items()}, SECONDS)


def _tell(tell: Tell, name: str, rounds: list[Round]) -> None:
    for kind in CALLS:
        before, during = [one.before[kind] for one in rounds], [one.during[kind] for one in rounds]
        tell(p99_row(f"{name}: p99 of calls, {kind}", STUCK, before, during))
    for what, taken in (("a new client connects", "connecting"), ("the hung guest is destroyed", "destroying")):
        seconds = median(getattr(one, taken) for one in rounds)
        tell(Row(f"{name}: {what}", STUCK, "ms", seconds * 1e3, None, beside="before"))
