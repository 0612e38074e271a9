"""Encrypted volumes, seen with virsh: their passphrases come from secrets and are nowhere else."""

from __future__ import annotations

import subprocess
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemons import Daemon, Virsh, needs

UUID = "11111111-2222-3333-4444-555555555555"
VOLUME = """<volume><name>{name}</name><capacity unit='M'>4</capacity><target><format type='{format}'/>
<encryption format='luks'><secret type='passphrase' {secret}/></encryption></target></volume>"""
PASSPHRASE = "correct horse"


class Host:
    """A daemon with a pool."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.daemon = Daemon(root)
        self.virsh = Virsh(self.daemon.uri("storage", "/system"))
        self.secrets = Virsh(self.daemon.uri("test", "/default").replace("test+", "qemu+").replace("default", "system"))
        self.virsh("pool-create-as", "p", "dir", "--target", str(root / "p"), "--build")

    def define_secret(self) -> None:
        path = self.root / "secret.xml"
        usage = f"<usage type='volume'><volume>{self.root}/p/raw</volume></usage>"
        path.write_text(f"<secret private='yes'><uuid>{UUID}</uuid>{usage}</secret>")
        self.secrets("secret-define", str(path))

    def volume(self, name: str, format_: str, secret: str = f"uuid='{UUID}'") -> str:
        path = self.root / f"{name}.xml"
        path.write_text(VOLUME.format(name=name, format=format_, secret=secret))
        return str(path)

    def opens(self, name: str, image: str) -> bool:
        """Whether the passphrase opens an image. :param image: qemu-img's options for it."""
        key = self.root / "key"
        key.write_text(PASSPHRASE)
        options = f"{image},file.filename={self.root}/p/{name}"
        argv = ["qemu-img", "convert", "--object", f"secret,id=k,file={key}", "--image-opts", options, "/dev/null"]
        return subprocess.run(argv, capture_output=True).returncode == 0


@pytest.fixture
def host(scratch: Path) -> Iterator[Host]:
    needs("qemu-img", "qemu-utils")
    made = Host(scratch)
    yield made
    assert "LockViolation" not in made.daemon.stop()


def test_a_volume_is_encrypted_with_a_secret_by_any_of_its_names(host: Host) -> None:
    missing = host.virsh.fails("vol-create", "p", host.volume("raw", "raw"))
    assert f"no secret with matching uuid '{UUID}'" in missing
    host.define_secret()
    assert "does not have a value" in host.virsh.fails("vol-create", "p", host.volume("raw", "raw"))
    assert host.virsh("vol-list", "p").splitlines()[2:] == []
    host.secrets("secret-set-value", UUID, b64encode(PASSPHRASE.encode()).decode())
    host.virsh("vol-create", "p", host.volume("raw", "raw"))
    host.virsh("vol-create", "p", host.volume("image", "qcow2", f"usage='{host.root}/p/raw'"))
    assert host.opens("raw", "driver=luks,key-secret=k")
    assert host.opens("image", "driver=qcow2,encrypt.key-secret=k")
    for name in ("raw", "image"):
        host.virsh("vol-resize", name, "6M", "--pool", "p")
        assert "6.00 MiB" in host.virsh("vol-info", name, "--pool", "p")
    host.virsh("pool-refresh", "p")
    assert "<encryption format='luks'>" in host.virsh("vol-dumpxml", "raw", "--pool", "p")


def test_a_copy_is_decrypted_and_encrypted_again(host: Host) -> None:
    host.define_secret()
    host.secrets("secret-set-value", UUID, b64encode(PASSPHRASE.encode()).decode())
    data = b"what nobody is to read".ljust(4 << 20, b".")
    (host.root / "p" / "plain").write_bytes(data)
    host.virsh("pool-refresh", "p")
    host.virsh("vol-create-from", "p", host.volume("raw", "raw"), "plain", "--inputpool", "p")
    assert b"nobody" not in (host.root / "p" / "raw").read_bytes()
    (host.root / "again.xml").write_text("<volume><name>again</name><capacity>0</capacity></volume>")
    host.virsh("vol-create-from", "p", str(host.root / "again.xml"), "raw", "--inputpool", "p")
    assert (host.root / "p" / "again").read_bytes() == data
    kept = [path for folder in ("run", "log", "cache") for path in (host.root / folder).rglob("*") if path.is_file()]
    assert [path for path in kept if PASSPHRASE.encode() in path.read_bytes()] == []
