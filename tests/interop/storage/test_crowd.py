"""Sixteen clients, each a process with libvirt-python, at random on two pools: nothing is lost, nothing is left over,
sums are right and no rule about locks is broken; and after a SIGKILL in the middle every volume is whole or absent.

`VIRTLOOM_CROWD=1000` has each client make so many volumes, which takes minutes.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from daemons import Daemon, Virsh, eventually, needs

try:
    import libvirt
except ImportError:
    if os.environ.get("CI") == "true":
        raise
    pytest.skip("libvirt-python is not installed (pip install libvirt-python)", allow_module_level=True)

CLIENTS = 16
VOLUMES = int(os.environ.get("VIRTLOOM_CROWD", "12"))
WITHIN = 60 + 2 * VOLUMES  # seconds for all of them
POOLS = ("one", "two")


class Log(NamedTuple):
    """What one client wrote down.

    :ivar there: what the daemon said is there, by name; :ivar open: a volume that something was being done to.
    """

    there: dict[str, dict[str, Any]]
    open: str | None


def read_log(path: Path) -> Log:
    there: dict[str, dict[str, Any]] = {}
    begun: str | None = None
    for line in path.read_text().splitlines():
        told = json.loads(line)
        begun = told.get("begins")
        if "is" in told:
            there[told["is"]["name"]] = told["is"]
        there.pop(told.get("gone"), None)
    return Log(there, begun)


class Crowd:
    """The daemon, its two pools and the clients."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.daemon = Daemon(root)
        self.uri = self.daemon.uri("storage", "/system")
        self.clients: list[subprocess.Popen[bytes]] = []
        virsh = Virsh(self.uri)
        for name in POOLS:
            virsh("pool-define-as", name, "dir", "--target", str(root / name))
            virsh("pool-build", name)
            virsh("pool-start", name)

    def begin(self) -> None:
        """Have all clients begin."""
        program = str(Path(__file__).with_name("worker.py"))
        for number in range(CLIENTS):
            with (self.root / f"client{number}").open("wb") as out, (self.root / "errors").open("ab") as errors:
                argv = [sys.executable, program, self.uri, str(number), str(VOLUMES)]
                self.clients.append(subprocess.Popen(argv, stdout=out, stderr=errors))

    def await_all(self) -> list[int]:
        """Wait for their ends; their exit statuses."""
        deadline = time.monotonic() + WITHIN
        return [client.wait(max(1.0, deadline - time.monotonic())) for client in self.clients]

    def logs(self) -> list[Log]:
        return [read_log(self.root / f"client{number}") for number in range(CLIENTS)]

    def files(self) -> set[tuple[str, str]]:
        return {(name, path.name) for name in POOLS for path in (self.root / name).iterdir()}

    def listed(self) -> dict[tuple[str, str], Any]:
        connection = libvirt.open(self.uri)
        return {
            (name, vol.name()): vol
            for name in POOLS
            for vol in connection.storagePoolLookupByName(name).listAllVolumes()
        }


@pytest.fixture
def crowd(scratch: Path) -> Iterator[Crowd]:
    needs("qemu-img", "qemu-utils")
    made = Crowd(scratch)
    yield made
    for client in made.clients:
        client.kill()
        client.wait()
    if made.daemon.process.poll() is None:
        made.daemon.process.kill()


def is_as_told(crowd: Crowd, what: dict[str, Any], vol: Any) -> bool:
    """Whether a volume has the capacity and the content that its client knows of."""
    path = crowd.root / what["pool"] / what["name"]
    same = what["digest"] in (None, hashlib.sha256(path.read_bytes()).hexdigest()) or what["format"] != "raw"
    return same and vol.info()[1] == what["capacity"]


def test_nothing_is_lost_and_nothing_is_left_over(crowd: Crowd) -> None:
    crowd.begin()
    assert crowd.await_all() == [0] * CLIENTS, (crowd.root / "errors").read_text()
    told = {(what["pool"], name): what for log in crowd.logs() for name, what in log.there.items()}
    listed = crowd.listed()
    assert told.keys() == listed.keys() == crowd.files()
    assert [what for place, what in told.items() if not is_as_told(crowd, what, listed[place])] == []
    before = {name: libvirt.open(crowd.uri).storagePoolLookupByName(name).info() for name in POOLS}
    for name in POOLS:
        pool = libvirt.open(crowd.uri).storagePoolLookupByName(name)
        pool.refresh()
        state, capacity, allocation, available = pool.info()
        assert (state, capacity, allocation + available) == (2, before[name][1], capacity)
    assert "LockViolation" not in crowd.daemon.stop()


def test_after_a_kill_every_volume_is_whole_or_absent(crowd: Crowd) -> None:
    crowd.begin()
    eventually(lambda: sum(len(log.there) for log in crowd.logs()) > CLIENTS * VOLUMES // 8, "work to be done")
    crowd.daemon.process.kill()
    crowd.daemon.process.wait()
    crowd.await_all()
    crowd.daemon = Daemon(crowd.root)
    listed, logs = crowd.listed(), crowd.logs()
    told = {(what["pool"], name): what for log in logs for name, what in log.there.items()}
    unsure = {log.open for log in logs}
    sure = {place: what for place, what in told.items() if place[1] not in unsure}
    assert crowd.files() == listed.keys()
    assert sure.keys() <= listed.keys()
    assert {name for _, name in listed.keys() - told.keys()} <= unsure
    assert [what for place, what in sure.items() if not is_as_told(crowd, what, listed[place])] == []
    assert all(vol.info()[1] > 0 for vol in listed.values())
    assert "LockViolation" not in crowd.daemon.stop()
