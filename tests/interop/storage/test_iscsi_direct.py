"""A real iSCSI target in user space (tgtd), reached by libiscsi's programs, and by QEMU for a guest on its volume."""

from __future__ import annotations

import os
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemons import Daemon, Virsh, eventually, needs, where_installed

TARGET = "iqn.2026-01.test:disk"
SIZE = 8 << 20
UUID = "11111111-2222-3333-4444-555555555556"
SOURCE = """<source><host name='127.0.0.1' port='{port}'/><device path='{target}'/>
<initiator><iqn name='iqn.2026-01.test:me'/></initiator>{auth}</source>"""
AUTH = "<auth type='chap' username='me'><secret uuid='{uuid}'/></auth>"
GUEST = """<domain type='qemu'><name>g</name><memory unit='MiB'>32</memory><os><type machine='pc'>hvm</type></os>
<devices><disk type='volume'><driver name='qemu'/><source pool='far' volume='unit:0:0:1'/><target dev='vda'/></disk>
</devices></domain>"""


class Target:
    """A target of 8 MiB on the loopback device."""

    def __init__(self, folder: Path) -> None:
        daemon, self._admin = where_installed("tgtd", "tgt"), where_installed("tgtadm", "tgt")
        if os.geteuid() != 0:
            pytest.skip("needs root, for tgtd")
        self.number = str(os.getpid() % 30000 + 100)  # of its control socket
        self.port = 30000 + os.getpid() % 30000
        argv = [daemon, "-f", "-C", self.number, "--iscsi", f"portal=127.0.0.1:{self.port}"]
        self.process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually(lambda: self.tgtadm("show", "target").returncode == 0, "tgtd to answer")
        disk = folder / "disk"
        disk.write_bytes(bytes(SIZE))
        self.made("new", "target", "--tid", "1", "--targetname", TARGET)
        self.made("new", "logicalunit", "--tid", "1", "--lun", "1", "--backing-store", str(disk))
        self.made("bind", "target", "--tid", "1", "--initiator-address", "ALL")

    def tgtadm(self, op: str, mode: str, *words: str) -> subprocess.CompletedProcess[str]:
        argv = [self._admin, "-C", self.number, "--lld", "iscsi", "--op", op, "--mode", mode, *words]
        return subprocess.run(argv, capture_output=True, text=True, timeout=30)

    def made(self, op: str, mode: str, *words: str) -> None:
        finished = self.tgtadm(op, mode, *words)
        assert finished.returncode == 0, finished.stderr

    def demand_password(self, user: str, password: str) -> None:
        """From now on, only who knows the password gets in."""
        self.made("new", "account", "--user", user, "--password", password)
        self.made("bind", "account", "--tid", "1", "--user", user)


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    where_installed("iscsi-ls", "libiscsi-bin")
    made = Target(tmp_path)
    yield made
    made.process.kill()  # it does not end otherwise while it has a target
    made.process.wait(30)


@pytest.fixture
def daemon(scratch: Path) -> Iterator[Daemon]:
    made = Daemon(scratch)
    yield made
    assert "LockViolation" not in made.stop()


def pool(root: Path, target: Target, auth: str = "") -> str:
    path = root / "pool.xml"
    source = SOURCE.format(port=target.port, target=TARGET, auth=auth)
    path.write_text(f"<pool type='iscsi-direct'><name>far</name>{source}</pool>")
    return str(path)


def test_units_are_volumes_and_guests_run_on_them(daemon: Daemon, target: Target) -> None:
    virsh = Virsh(daemon.uri("storage", "/system"))
    spec = daemon.root / "spec.xml"
    spec.write_text(f"<source><host name='127.0.0.1' port='{target.port}'/></source>")
    assert TARGET in virsh("find-storage-pool-sources", "iscsi-direct", str(spec))
    virsh("pool-create", pool(daemon.root, target))
    assert f"<capacity unit='bytes'>{SIZE}</capacity>" in virsh("vol-dumpxml", "unit:0:0:1", "--pool", "far")
    needs("qemu-system-x86_64", "qemu-system-x86")
    if not list(Path("/usr/lib").glob("*/qemu/block-iscsi.so")):
        pytest.skip("QEMU has no iSCSI driver here (Debian: apt-get install qemu-block-extra)")
    guests = Virsh(daemon.uri("qemu", "/system"))
    path = daemon.root / "guest.xml"
    path.write_text(GUEST)
    guests("create", str(path))
    assert str(SIZE) in guests("domblkinfo", "g", "vda")
    assert "<source pool='far' volume='unit:0:0:1' index='1'/>" in guests("dumpxml", "g")
    guests("destroy", "g")


def test_a_password_is_shown_to_nobody(daemon: Daemon, target: Target) -> None:
    virsh, secrets = Virsh(daemon.uri("storage", "/system")), Virsh(daemon.uri("qemu", "/system"))
    path = daemon.root / "secret.xml"
    path.write_text(f"<secret><uuid>{UUID}</uuid><usage type='iscsi'><target>far</target></usage></secret>")
    secrets("secret-define", str(path))
    target.demand_password("me", "open sesame 12")
    secrets("secret-set-value", UUID, b64encode(b"close sesame 1").decode())
    document = pool(daemon.root, target, AUTH.format(uuid=UUID))
    refused = virsh.fails("pool-create", document)
    assert "iscsi-ls" in refused
    assert "sesame" not in refused
    secrets("secret-set-value", UUID, b64encode(b"open sesame 12").decode())
    virsh("pool-create", document)
    assert "unit:0:0:1" in virsh("vol-list", "far")
