"""A guest that hangs with 200 callers: others are served, it is seen who waits for what, and it can be destroyed."""

from __future__ import annotations

import json
import subprocess
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from daemons import BIN, CONFIG, Daemon, Virsh, eventually
from virtloom_testing import Control

STUCK = 200
MORE = """job_timeout = 600
[server]
max_clients = 500
max_anonymous_clients = 500
[driver.test]
keep_hosts = true
extras = true
"""
FAR = "<domain type='test'><name>far</name><memory>65536</memory><os><type>hvm</type></os></domain>"

libvirt: Any = pytest.importorskip("libvirt")
libvirt.registerErrorHandler(lambda context, error: None, None)


class Crowd:
    """Callers, and how each call ended: "answered", or the error."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self.ended: list[str] = []
        self._threads: list[threading.Thread] = []

    def call(self, work: Callable[[Any], object]) -> None:
        """Do something with the guest, in a thread and on a connection of its own."""
        thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _run(self, work: Callable[[Any], object]) -> None:
        try:
            work(libvirt.open(self._uri).lookupByName("test"))
            self.ended.append("answered")
        except libvirt.libvirtError as error:
            self.ended.append(str(error))

    def join(self) -> None:
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive(), "a caller is still stuck"


@pytest.fixture
def crowded(scratch: Path) -> Any:
    daemon = Daemon(scratch, CONFIG + MORE)
    yield daemon
    log = daemon.stop()
    assert "LockViolation" not in log, log
    assert "Traceback" not in log, log


def report(daemon: Daemon, *words: str) -> Any:
    command = [str(BIN / "virtloom"), "--root", str(daemon.root), *words, "--json"]
    return json.loads(subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout)


def test_a_guest_that_hangs_with_200_callers_is_destroyed_and_meanwhile_hurts_nobody(crowded: Daemon) -> None:
    saved = crowded.root / "saved"
    Control(crowded.admin_socket).durations(save=3600)
    bystander = Virsh(crowded.uri())
    other = crowded.root / "far.xml"
    other.write_text(FAR)
    bystander("define", str(other))
    bystander("start", "far")

    crowd = Crowd(crowded.uri())
    crowd.call(lambda guest: guest.save(str(saved)))
    eventually(lambda: len(report(crowded, "jobs")) == 1, "the save to begin")
    for _ in range(STUCK - 1):
        crowd.call(lambda guest: guest.setMemory(1 << 20))
    eventually(lambda: len(report(crowded, "jobs")) == STUCK, "all callers to be stuck")

    # Others are served, on new connections as well, and the hung guest itself is seen.
    bystander("suspend", "far")
    assert bystander("domstate", "far") == "paused"
    assert bystander("domstate", "test") == "running"
    assert "Save" in bystander("domjobinfo", "test")
    assert crowd.ended == []

    chains = [chain for chain in report(crowded, "locks", "--waiting") if chain["links"]]
    assert len(chains) == STUCK - 1
    assert {chain["holder"]["api"] for chain in chains} == {"virDomainSave"}
    assert chains[0]["outside"]["what"] == "the end of the save"
    assert chains[0]["links"][0]["wanted"].startswith("a modify job on domain test (")

    bystander("destroy", "test")
    crowd.join()
    told = Counter(text.partition(" (")[0] for text in crowd.ended)
    assert told == {
        "operation aborted: save job on domain test": 1,
        "Requested operation is not valid: domain is not running": STUCK - 1,
    }
    assert report(crowded, "jobs") == []
    assert bystander("domstate", "test") == "shut off"
    assert not saved.exists()
    bystander("start", "test")
