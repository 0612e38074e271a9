"""An encrypted image is opened with the secret that its definition names, at the start and while the guest runs."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path
from typing import Any

from daemons import Virsh, eventually, needs

UUID = "e0e0e0e0-0003-4000-8000-000000000001"
SECRET = f"""<secret ephemeral='no' private='no'><uuid>{UUID}</uuid>
<usage type='volume'><volume>/luks</volume></usage></secret>"""
DISK = """<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='{path}'>
<encryption format='luks'><secret type='passphrase' uuid='{uuid}'/></encryption></source>
<target dev='{dev}' bus='virtio'/></disk>"""


def encrypted(path: Path) -> Path:
    """An image that is opened with `open sesame`."""
    needs("qemu-img", "qemu-utils")
    options = "encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=50"
    words = ["--object", "secret,id=s,data=open sesame", "-o", options, str(path), "2M"]
    command = ["qemu-img", "create", "-q", "-f", "qcow2", *words]  # it measures the processor, and fails on a busy one
    eventually(lambda: subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0, "an encrypted image")
    return path


def test_a_secret_opens_an_image_and_is_seen_by_nobody(host: Any) -> None:
    virsh, image = host.virsh, encrypted(host.root / "one.qcow2")
    virsh("define", host.write("g", devices=DISK.format(path=image, uuid=UUID, dev="vda")))
    assert f"no secret with matching uuid '{UUID}'" in virsh.fails("start", "g")
    (host.root / "secret.xml").write_text(SECRET)
    virsh("secret-define", str(host.root / "secret.xml"))
    assert f"secret '{UUID}' does not have a value" in virsh.fails("start", "g")
    virsh("secret-set-value", UUID, base64.b64encode(b"wrong").decode())
    assert "Invalid password" in virsh.fails("start", "g")
    virsh("secret-set-value", UUID, base64.b64encode(b"open sesame").decode())
    virsh("start", "g")
    told = Path(f"/proc/{host.pid('g')}/cmdline").read_text()
    assert "sesame" not in told
    assert base64.b64encode(b"open sesame").decode() not in told
    more = host.root / "more.xml"
    more.write_text(DISK.format(path=encrypted(host.root / "two.qcow2"), uuid=UUID, dev="vdb"))
    virsh("attach-device", "g", str(more), "--live")
    assert "two.qcow2" in virsh("domblklist", "g")
    virsh("detach-device", "g", str(more), "--live")


def test_a_disk_is_copied_into_an_encrypted_image(host: Any) -> None:
    virsh, plain = host.virsh, host.root / "plain.qcow2"
    patient = Virsh(virsh.uri, 240.0)  # QEMU measures the processor, to make a key that takes long to guess
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", str(plain), "2M"], check=True)
    disk = f"<disk type='file'><driver name='qemu' type='qcow2'/><source file='{plain}'/><target dev='vda'/></disk>"
    virsh("define", host.write("g", devices=disk))
    virsh("start", "g")
    document = host.root / "copy.xml"
    copy = host.root / "copy"
    document.write_text(DISK.format(path=copy, uuid=UUID, dev="vda"))

    def copied() -> bool:
        words = ("blockcopy", "g", "vda", "--xml", str(document), "--transient-job", "--wait", "--pivot")
        return patient.run(*words).returncode == 0

    assert f"no secret with matching uuid '{UUID}'" in virsh.fails(
        "blockcopy", "g", "vda", "--xml", str(document), "--transient-job"
    )
    assert not copy.exists()
    (host.root / "secret.xml").write_text(SECRET)
    virsh("secret-define", str(host.root / "secret.xml"))
    virsh("secret-set-value", UUID, base64.b64encode(b"open sesame").decode())
    eventually(copied, "an encrypted copy", 120)
    assert str(copy) in virsh("domblklist", "g")
    told = subprocess.run(["qemu-img", "info", "-U", str(copy)], check=True, capture_output=True, text=True)
    assert "encrypted: yes" in told.stdout
    assert (
        virsh("qemu-monitor-command", "g", '{"execute":"qom-list","arguments":{"path":"/objects"}}').count(
            "-encryption-secret0"
        )
        == 1
    )
