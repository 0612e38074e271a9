"""Encrypted volumes, seen with virsh: their passphrases come from secrets and are nowhere else."""

from __future__ import annotations

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
        self.virsh = Virsh(self.daemon.uri("storage", "/system"), within=180)  # hashing a passphrase is slow by design
        self.secrets = Virsh(self.daemon.uri("qemu", "/system"))
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


@pytest.fixture
def host(scratch: Path) -> Iterator[Host]:
    needs("qemu-img", "qemu-utils")
    made = Host(scratch)
    yield made
    assert "LockViolation" not in made.daemon.stop()


def test_a_volume_is_encrypted_with_a_secret_and_its_copy_is_not(host: Host) -> None:
    document = host.volume("raw", "raw")
    assert f"no secret with matching uuid '{UUID}'" in host.virsh.fails("vol-create", "p", document)
    host.define_secret()
    assert "does not have a value" in host.virsh.fails("vol-create", "p", document)
    assert host.virsh("vol-list", "p").splitlines()[2:] == []
    host.secrets("secret-set-value", UUID, b64encode(PASSPHRASE.encode()).decode())
    data = b"what nobody is to read".ljust(4 << 20, b".")
    (host.root / "p" / "plain").write_bytes(data)
    host.virsh("pool-refresh", "p")

    host.virsh("vol-create-from", "p", document, "plain", "--inputpool", "p")
    assert (host.root / "p" / "raw").read_bytes().startswith(b"LUKS")
    assert b"nobody" not in (host.root / "p" / "raw").read_bytes()
    assert f"<secret type='passphrase' uuid='{UUID}'/>" in host.virsh("vol-dumpxml", "raw", "--pool", "p")
    (host.root / "again.xml").write_text("<volume><name>again</name><capacity>0</capacity></volume>")
    host.virsh("vol-create-from", "p", str(host.root / "again.xml"), "raw", "--inputpool", "p")
    assert (host.root / "p" / "again").read_bytes() == data
    kept = [path for folder in ("run", "log", "cache") for path in (host.root / folder).rglob("*") if path.is_file()]
    assert [path for path in kept if PASSPHRASE.encode() in path.read_bytes()] == []
