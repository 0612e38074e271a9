"""A guest in QEMU whose process is stopped: it costs others nothing, and can be destroyed however many wait for it."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from daemons import CONFIG, Daemon, Virsh, eventually, needs

MAX_WAITING = 8
GUEST = """<domain type='qemu'><name>{name}</name><memory unit='MiB'>32</memory>
<os><type arch='x86_64' machine='pc'>hvm</type></os></domain>"""

libvirt: Any = pytest.importorskip("libvirt")
libvirt.registerErrorHandler(lambda context, error: None, None)


def test_a_guest_that_as_many_calls_wait_for_as_may_is_destroyed(scratch: Path) -> None:
    needs("qemu-system-x86_64", "qemu-system-x86")
    daemon = Daemon(scratch, CONFIG + f"job_timeout = 600\n[server]\nmax_waiting = {MAX_WAITING}\n")
    uri = daemon.uri("qemu", "/system")
    virsh = Virsh(uri)
    ended: list[str] = []

    def create(name: str) -> None:
        document = scratch / f"{name}.xml"
        document.write_text(GUEST.format(name=name))
        virsh("create", str(document))

    def ask() -> None:
        try:
            libvirt.open(uri).lookupByName("hung").memoryStats()
            ended.append("answered")
        except libvirt.libvirtError as error:
            ended.append(str(error))

    try:
        create("hung")
        create("other")
        os.kill(int((scratch / "run" / "qemu" / "hung.pid").read_text()), signal.SIGSTOP)
        callers = [threading.Thread(target=ask, daemon=True) for _ in range(MAX_WAITING)]
        for caller in callers:
            caller.start()
        eventually(lambda: len(daemon.jobs()) == MAX_WAITING, "all callers to be stuck")
        assert f"{MAX_WAITING} calls are waiting already" in virsh.fails("dommemstat", "hung")
        assert virsh("domstate", "hung") == virsh("domstate", "other") == "running"
        virsh("destroy", "hung")
        for caller in callers:
            caller.join(30)
        assert len(ended) == MAX_WAITING
        assert "answered" not in ended
        assert daemon.jobs() == []
        assert "actual" in virsh("dommemstat", "other")
        create("hung")
    finally:
        for name in ("hung", "other"):
            virsh.run("destroy", name)
        log = daemon.stop()
    assert "LockViolation" not in log, log
