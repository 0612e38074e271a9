"""A host of its own for virtual networks: a network namespace in which the daemon and its dnsmasq run."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from daemons import Daemon, Virsh, eventually, needs

NAT = """<network><name>nwt</name><forward mode='nat'/><bridge name='nwtbr0'/>
<ip address='192.168.77.1' netmask='255.255.255.0'><dhcp><range start='192.168.77.10' end='192.168.77.20'/></dhcp></ip>
</network>"""


def apart() -> subprocess.Popen[bytes]:
    """A process in a network namespace of its own, which lasts as long as it."""
    holder = subprocess.Popen(["unshare", "-n", "sleep", "600"], start_new_session=True)

    def is_apart() -> bool:
        own, held = (os.readlink(f"/proc/{pid}/ns/net") for pid in ("self", holder.pid))
        return own != held

    eventually(is_apart, "a network namespace of its own")
    return holder


class Host:
    """A daemon in a network namespace; another daemon started later finds the same namespace."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.holder = apart()
        self.daemon = self.start()

    def start(self, *inside: str) -> Daemon:
        """Start a daemon there. :param inside: a command that becomes it."""
        return Daemon(self.root, inside=("nsenter", "-t", str(self.holder.pid), "-n", *inside))

    @property
    def virsh(self) -> Virsh:
        return Virsh(self.daemon.uri("qemu", "/system"))

    def sees(self, *words: str) -> str:
        """What a command prints that looks at the namespace."""
        found = subprocess.run(["nsenter", "-t", str(self.holder.pid), "-n", *words], capture_output=True, timeout=30)
        return found.stdout.decode()

    def dnsmasq(self) -> int | None:
        with suppress(FileNotFoundError):
            return int((self.root / "run/network/dnsmasq/nwt.pid").read_text())
        return None

    def end(self) -> None:
        if self.daemon.process.poll() is None:
            self.daemon.stop()
        pid = self.dnsmasq()
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.holder.kill()
        self.holder.wait()


@pytest.fixture
def host() -> Iterator[Host]:
    if os.geteuid() != 0:
        pytest.skip("virtual networks need root")
    needs("dnsmasq", "dnsmasq-base")
    needs("nft", "nftables")
    root = Path(tempfile.mkdtemp(prefix="vl-nw", dir="/tmp"))
    made = Host(root)
    try:
        yield made
    finally:
        made.end()
        shutil.rmtree(root, ignore_errors=True)


def define(host: Host, text: str = NAT) -> None:
    path = host.root / "n.xml"
    path.write_text(text)
    host.virsh("net-define", str(path))
