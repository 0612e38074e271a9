"""virt-install and virt-xml, unchanged, make and change a guest of the test driver."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from daemons import CONFIG, Daemon, Virsh, needs

PATIENCE = 90.0  # seconds; virt-install reads a database of operating systems first


class Tools:
    """The two programs, on one daemon."""

    def __init__(self, uri: str) -> None:
        self.uri = uri

    def run(self, program: str, *words: str) -> subprocess.CompletedProcess[str]:
        command = [needs(program, "virtinst"), "--connect", self.uri, *words]
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, env=environment)


@pytest.fixture
def tools(scratch: Path) -> object:
    running = Daemon(scratch, CONFIG + "[driver.test]\nkeep_hosts = true\nextras = true\n")
    yield Tools(running.uri())
    log = running.stop()
    assert "LockViolation" not in log, log


def test_a_guest_is_installed_changed_and_removed(tools: Tools) -> None:
    installed = tools.run(
        "virt-install", "--name", "fresh", "--memory", "256", "--vcpus", "1", "--import", "--osinfo", "generic",
        "--disk", "pool=default-pool,size=1", "--network", "network=default", "--noautoconsole", "--graphics", "none",
    )  # fmt: skip
    assert installed.returncode == 0, installed.stderr
    virsh = Virsh(tools.uri)
    assert virsh("domstate", "fresh") == "running"
    assert "fresh" in virsh("vol-list", "default-pool")
    changed = tools.run("virt-xml", "fresh", "--edit", "--memory", "512", "--define")
    assert changed.returncode == 0, changed.stderr
    assert "524288" in virsh("dumpxml", "fresh", "--inactive")
    assert "tablet" in tools.run("virt-xml", "fresh", "--add-device", "--input", "tablet", "--print-diff").stdout


def test_a_full_pool_is_told_by_virt_install(tools: Tools) -> None:
    refused = tools.run(
        "virt-install", "--name", "huge", "--memory", "256", "--import", "--osinfo", "generic",
        "--disk", "pool=default-pool,size=500,sparse=no", "--noautoconsole",
    )  # fmt: skip
    assert refused.returncode != 0
    assert "huge" not in Virsh(tools.uri)("list", "--all")


def test_a_machine_in_qemu_is_made_of_an_image_and_changed(daemon: Daemon, scratch: Path) -> None:
    needs("qemu-system-x86_64", "qemu-system-x86")
    tools, virsh = Tools(daemon.uri("qemu", "/system")), Virsh(daemon.uri("qemu", "/system"))
    (scratch / "a.img").write_bytes(bytes(1 << 20))
    installed = tools.run(
        "virt-install", "--name", "machine", "--memory", "64", "--import", "--osinfo", "generic",
        "--disk", f"{scratch}/a.img", "--network", "none", "--graphics", "vnc", "--noautoconsole",
    )  # fmt: skip
    assert installed.returncode == 0, installed.stderr
    try:
        assert virsh("domstate", "machine") == "running"
        changed = tools.run("virt-xml", "machine", "--edit", "--memory", "96", "--define")
        assert changed.returncode == 0, changed.stderr
        added = tools.run("virt-xml", "machine", "--add-device", "--disk", f"{scratch}/b.img,size=0.001", "--define")
        assert added.returncode == 0, added.stderr
    finally:
        virsh("destroy", "machine")
    virsh("start", "machine")
    try:
        assert f"{scratch}/b.img" in virsh("domblklist", "machine")
        assert "98304" in virsh("dominfo", "machine")
    finally:
        virsh("destroy", "machine")
