"""A serial port over encrypted TCP comes to a guest that runs, is spoken to, and goes with its certificates."""

from __future__ import annotations

import socket
import ssl
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

from daemons import Daemon, eventually, needs

PORT = """<serial type='tcp'><source mode='bind' host='127.0.0.1' service='{port}' tls='yes'/><protocol type='raw'/>
<target type='usb-serial'/></serial>"""
KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")


def certificates(folder: Path) -> None:
    """An authority, and a server's certificate of it, by the names that QEMU looks for (docs/system/tls)."""
    program = needs("openssl", "openssl")
    folder.mkdir()
    for name, usage, more in (
        ("ca", "keyUsage=critical,keyCertSign", ()),
        ("server", "basicConstraints=critical,CA:FALSE", ("-CA", "ca-cert.pem", "-CAkey", "ca-key.pem")),
    ):
        out = ("-keyout", f"{name}-key.pem", "-out", f"{name}-cert.pem", "-subj", f"/CN={name}", "-addext", usage)
        subprocess.run([program, "req", "-x509", *KEY, *out, *more], cwd=folder, check=True, capture_output=True)
    (folder / "server-key.pem").chmod(0o644)  # the guest's user reads it


def free_port() -> int:
    with closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def test_an_encrypted_port_comes_and_goes(host: Any) -> None:
    virsh, folder, port = host.virsh, host.root / "pki", free_port()
    host.daemon.stop()
    host.config += f'[driver.qemu]\nchardev_tls_x509_cert_dir = "{folder}"\nchardev_tls_x509_verify = false\n'
    host.daemon = Daemon(host.root, host.config)
    virsh("define", host.write("g"))
    virsh("start", "g")
    (host.root / "port.xml").write_text(PORT.format(port=port))

    def objects() -> str:
        told: str = virsh("qemu-monitor-command", "g", '{"execute":"qom-list","arguments":{"path":"/objects"}}')
        return told

    assert "Unable to access credentials" in virsh.fails("attach-device", "g", f"{host.root}/port.xml")
    assert "tls0" not in objects()
    assert "tls='yes'" not in virsh("dumpxml", "g")

    certificates(folder)
    virsh("attach-device", "g", f"{host.root}/port.xml")
    assert "objcharserial1_tls0" in objects()
    trusting = ssl.create_default_context(cafile=str(folder / "ca-cert.pem"))
    trusting.check_hostname = False
    with socket.create_connection(("127.0.0.1", port), 20) as plain, trusting.wrap_socket(plain) as end:
        assert end.version() is not None
    virsh("detach-device-alias", "g", "serial1")
    eventually(lambda: "tls0" not in objects(), "the certificates to go")
