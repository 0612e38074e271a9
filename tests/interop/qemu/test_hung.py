"""A guest in QEMU whose process is stopped: it costs others nothing, and can be destroyed however many wait for it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daemons import BIN, CONFIG, Daemon, Virsh, eventually, needs

MAX_WAITING = 8
GUEST = """<domain type='qemu'><name>{name}</name><memory unit='MiB'>32</memory>
<os><type arch='x86_64' machine='pc'>hvm</type></os></domain>"""

libvirt: Any = pytest.importorskip("libvirt")
libvirt.registerErrorHandler(lambda context, error: None, None)


def jobs(daemon: Daemon) -> Any:
    command = [str(BIN / "virtloom"), "--root", str(daemon.root), "jobs", "--json"]
    return json.loads(subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout)


class Site:
    """A daemon with two guests: one that is to hang, and another."""

    def __init__(self, root: Path) -> None:
        needs("qemu-system-x86_64", "qemu-system-x86")
        self.root = root
        self.daemon = Daemon(root, CONFIG + f"job_timeout = 600\n[server]\nmax_waiting = {MAX_WAITING}\n")
        self.uri = self.daemon.uri("qemu", "/system")
        self.virsh = Virsh(self.uri)

    def create(self, name: str) -> None:
        document = self.root / f"{name}.xml"
        document.write_text(GUEST.format(name=name))
        self.virsh("create", str(document))

    def signal(self, name: str, number: int) -> None:
        """Send a signal to a guest's process."""
        os.kill(int((self.root / "run" / "qemu" / f"{name}.pid").read_text()), number)

    def stop(self) -> None:
        for name in ("hung", "other"):
            self.virsh.run("destroy", name)
        log = self.daemon.stop()
        assert "LockViolation" not in log, log


@pytest.fixture
def site(scratch: Path) -> Iterator[Site]:
    made = Site(scratch)
    try:
        for name in ("hung", "other"):
            made.create(name)
        yield made
    finally:
        made.stop()


def test_a_guest_that_as_many_calls_wait_for_as_may_is_destroyed(site: Site) -> None:
    daemon, virsh = site.daemon, site.virsh
    ended: list[str] = []

    def ask() -> None:
        try:
            libvirt.open(site.uri).lookupByName("hung").memoryStats()
            ended.append("answered")
        except libvirt.libvirtError as error:
            ended.append(str(error))

    site.signal("hung", signal.SIGSTOP)
    callers = [threading.Thread(target=ask, daemon=True) for _ in range(MAX_WAITING)]
    for caller in callers:
        caller.start()
    eventually(lambda: len(jobs(daemon)) == MAX_WAITING, "all callers to be stuck")
    assert f"{MAX_WAITING} calls are waiting already" in virsh.fails("dommemstat", "hung")
    assert virsh("domstate", "hung") == virsh("domstate", "other") == "running"
    virsh("destroy", "hung")
    for caller in callers:
        caller.join(30)
    assert len(ended) == MAX_WAITING
    assert "answered" not in ended
    assert jobs(daemon) == []
    assert "actual" in virsh("dommemstat", "other")
    site.create("hung")


def test_a_guest_that_ends_while_all_are_asked_for_numbers_fails_no_others(site: Site) -> None:
    site.signal("hung", signal.SIGSTOP)
    asking = subprocess.Popen(
        ["virsh", "-c", site.uri, "domstats"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    eventually(lambda: [job["kind"] for job in jobs(site.daemon)] == ["query"], "the hung guest to be asked")
    site.signal("hung", signal.SIGKILL)
    told, _ = asking.communicate(timeout=60)
    assert asking.returncode == 0, told
    assert "Domain: 'other'" in told
    assert "balloon.current" in told.partition("Domain: 'other'")[2]
