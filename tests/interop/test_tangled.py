"""Daemons in trouble, seen from outside: drivers that deadlock, and a guest that hangs with many who wait for it.

The drivers come from a distribution outside of the repository (`outside/virtloom_tangle.py`).
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daemons import BIN, CONFIG, Daemon, Virsh, eventually

STUCK = 200
OUTSIDE = Path(__file__).parent / "outside" / "virtloom_tangle.py"

libvirt: Any = pytest.importorskip("libvirt")
libvirt.registerErrorHandler(lambda context, error: None, None)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the drivers are installed."""
    folder = tmp_path_factory.mktemp("tangle")
    shutil.copy(OUTSIDE, folder)
    meta = folder / "virtloom_tangle-1.0.dist-info"
    meta.mkdir()
    meta.joinpath("METADATA").write_text("Metadata-Version: 2.1\nName: virtloom-tangle\nVersion: 1.0\n")
    drivers = "left = virtloom_tangle:left\nright = virtloom_tangle:right\n"
    meta.joinpath("entry_points.txt").write_text(f"[virtloom.drivers]\n{drivers}")
    return folder


@pytest.fixture
def tangled(scratch: Path, site: Path) -> Iterator[Daemon]:
    config = CONFIG + "[server]\nmax_clients = 500\nmax_anonymous_clients = 500\n"
    running = Daemon(scratch, config, env={"PYTHONPATH": str(site)})
    yield running
    running.stop()


def virtloom(daemon: Daemon, *words: str) -> str:
    command = [str(BIN / "virtloom"), "--root", str(daemon.root), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout


def report(daemon: Daemon, *words: str) -> Any:
    return json.loads(virtloom(daemon, *words, "--json"))


def test_two_drivers_that_deadlock_are_found_explained_and_broken_and_others_are_served(tangled: Daemon) -> None:
    outcomes: dict[str, str] = {}
    over, served = threading.Event(), list[int]()

    def watch(scheme: str) -> None:
        """Ask for the other guests of the same drivers, all the while."""
        guest = libvirt.open(tangled.uri(scheme, "/system")).lookupByName("far")
        while not over.is_set():
            served.append(guest.state()[0])

    def suspend(scheme: str) -> None:
        finished = Virsh(tangled.uri(scheme, "/system")).run("suspend", "near")
        outcomes[scheme] = finished.stderr if finished.returncode else ""

    threads = [threading.Thread(target=suspend, args=(scheme,)) for scheme in ("left", "right")]
    watchers = [threading.Thread(target=watch, args=(scheme,), daemon=True) for scheme in ("left", "right")]
    for watcher in watchers:
        watcher.start()
    eventually(lambda: len(served) > 0, "others to be served")
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    over.set()
    for watcher in watchers:
        watcher.join(30)
        assert not watcher.is_alive(), "another client hangs"
    assert set(served) == {libvirt.VIR_DOMAIN_RUNNING}
    told = [text for text in outcomes.values() if text]
    assert len(outcomes) == 2, "one of them still waits"
    assert len(told) == 1, outcomes
    assert "operation aborted: deadlock: waiting for a modify job on guest near" in told[0]
    links = re.findall(r"virDomainSuspend waits for a modify job on guest near \([^)]*\) of (\w+), held by", told[0])
    assert sorted(links) == ["left", "right"], told[0]
    (finding,) = report(tangled, "locks", "--findings")
    assert finding["rule"] == "DEADLOCK"
    assert "a rule of locking was broken: DEADLOCK" in tangled.log.read_text()
    assert report(tangled, "jobs") == []
    assert report(tangled, "locks", "--waiting") == []


class Crowd:
    """Clients that are stuck on one guest, and how each of their calls ended."""

    def __init__(self, uri: str, count: int) -> None:
        self.ended: list[str] = []
        self._threads = [threading.Thread(target=self._call, args=(uri,), daemon=True) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def _call(self, uri: str) -> None:
        with_error = "answered"
        try:
            libvirt.open(uri).lookupByName("near").resume()
        except libvirt.libvirtError as error:
            with_error = str(error)
        self.ended.append(with_error)

    def join(self) -> None:
        for thread in self._threads:
            thread.join(30)


def test_a_guest_that_hangs_with_200_callers_hurts_nobody_else(tangled: Daemon) -> None:
    uri = tangled.uri("left", "/system")
    crowd = Crowd(uri, STUCK)
    eventually(lambda: len(report(tangled, "jobs")) == STUCK, "all callers to be stuck")

    # Others are served: on other guests, by other drivers, on new connections.
    assert Virsh(uri)("domstate", "far") == "running"
    assert Virsh(tangled.uri("right", "/system"))("domstate", "near") == "running"
    assert "test" in Virsh(tangled.uri())("list", "--all")
    assert crowd.ended == []

    # Who holds the guest, and who waits for it, is to be seen.
    chains = report(tangled, "locks", "--waiting")
    waiting = [chain for chain in chains if chain["links"]]
    assert len(waiting) == STUCK - 1
    (holder,) = {chain["holder"]["thread"] for chain in waiting}
    assert all(len(chain["links"]) == 1 and chain["holder"]["api"] == "virDomainResume" for chain in waiting)
    assert waiting[0]["links"][0]["wanted"].startswith("a modify job on guest near (")
    assert waiting[0]["outside"]["what"] == "an answer that never comes"
    shown = virtloom(tangled, "locks", "--waiting")
    assert f", and {STUCK - 2} more: waits " in shown
    assert f", {holder}, which waits " in shown
    jobs = report(tangled, "jobs")
    assert [job["state"] for job in jobs] == ["running"] + ["waiting"] * (STUCK - 1)
    stuck = [row for row in report(tangled, "workers")["threads"] if row["state"] == "waiting"]
    assert len(stuck) == STUCK
    assert len(report(tangled, "stacks")) > STUCK

    # Destroying it ends them all.
    Virsh(uri)("destroy", "near")
    crowd.join()
    assert len(crowd.ended) == STUCK
    assert {text for text in crowd.ended if "it was destroyed" not in text} == set()
    assert report(tangled, "jobs") == []
