"""A Linux guest for tests: Debian's cloud kernel with an initial file system of busybox, and its console by virsh.

The file system is written here in the kernel's own format (cpio's `newc`, kernel: driver-api/early-userspace), so that
no other program is needed.
"""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from daemons import needs

READY = "GUEST-READY"
BOOT_WITHIN = 240.0  # seconds: the processor is emulated, on a machine that has other things to do
ANSWER_WITHIN = 120.0
# Modules in the order in which they need each other.
MODULES = (
    "virtio/virtio_ring", "virtio/virtio", "virtio/virtio_pci_legacy_dev", "virtio/virtio_pci_modern_dev",
    "virtio/virtio_pci", "block/virtio_blk", "virtio/virtio_mem",
)  # fmt: skip
NUMBERS = count(1000, 10)  # by which answers are told from each other
INIT = f"""#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc none /proc; mount -t sysfs none /sys; mount -t devtmpfs none /dev
for module in /lib/*.ko; do insmod $module; done
stty -F /dev/ttyS0 -echo
echo {READY}
while true; do PS1= setsid cttyhack sh; done
"""  # a shell that is init itself ends, and the kernel with it, when a signal of an orphan's comes while it reads


def kernel() -> Path:
    """The kernel that guests boot: skipped without, a failure where CI promised it."""
    found = sorted(Path("/boot").glob("vmlinuz-*-cloud-amd64"))
    if not found:
        reason = "there is no /boot/vmlinuz-*-cloud-amd64 (Debian: apt-get install linux-image-cloud-amd64)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found[-1]


Part = tuple[str, int, bytes]  # a name, a mode, contents


def initrd(path: Path, more: Iterable[Part] = (), modules: Iterable[str] = ()) -> Path:
    """Write a guest's initial file system.

    :param more: other files, each folder before what is in it; :param modules: other modules, which are loaded as well.
    """
    busybox = Path(needs("busybox", "busybox-static"))
    drivers = Path("/lib/modules", kernel().name.removeprefix("vmlinuz-"), "kernel", "drivers")
    parts = [(name, 0o40755, b"") for name in ("bin", "lib", "proc", "sys", "dev")]
    parts += [("bin/busybox", 0o100755, busybox.read_bytes()), ("init", 0o100755, INIT.encode())]
    for number, name in enumerate((*MODULES, *modules), 10):
        file = drivers / f"{name}.ko"
        if file.exists():  # else it is built in
            parts.append((f"lib/{number}-{file.name}", 0o100644, file.read_bytes()))
    path.write_bytes(b"".join(cpio([*parts, *more])))
    return path


def program(path: Path) -> list[Part]:
    """A program with the libraries that it needs, in the places where it looks for them (ld.so(8))."""
    told = subprocess.run(["ldd", str(path)], check=True, capture_output=True, text=True, timeout=60).stdout
    files = [path, *(Path(word) for line in told.splitlines() for word in line.split() if word.startswith("/"))]
    folders = sorted({parent for file in files for parent in file.parents if parent != Path("/")})
    made = [(str(folder).lstrip("/"), 0o40755, b"") for folder in folders]
    return made + [(str(file).lstrip("/"), 0o100755, file.read_bytes()) for file in files]


def cpio(parts: Iterable[Part]) -> Iterator[bytes]:
    """An archive of names, modes and contents."""
    for number, (name, mode, data) in enumerate([*parts, ("TRAILER!!!", 0, b"")], 1):
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        head = b"070701" + "".join(f"{field:08x}" for field in fields).encode() + name.encode() + b"\0"
        yield head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)


class Console:
    """The end of a guest's console at which a person sits."""

    def __init__(self, end: int) -> None:
        self._end = end
        self.seen = ""

    def wait(self, pattern: str, within: float = ANSWER_WITHIN) -> re.Match[str]:
        """Wait for something to be printed; what came before it is forgotten."""
        found = self._looked_for(pattern, within)
        assert found is not None, f"waited {within:g} s in vain for {pattern!r}; there was: {self.seen[-2000:]!r}"
        return found

    def _looked_for(self, pattern: str, within: float) -> re.Match[str] | None:
        deadline = time.monotonic() + within
        while (found := re.search(pattern, self.seen)) is None:
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            if select.select([self._end], [], [], left)[0]:
                self.seen += os.read(self._end, 65536).decode(errors="replace").replace("\r", "")
        self.seen = self.seen[found.end() :]
        return found

    def ask(self, command: str) -> str:
        """What a command prints in the guest's shell."""
        self._listens()
        number = next(NUMBERS)
        self.type(f"echo =$(({number}+1))=; {command}; echo =$(({number}+2))=")
        self.wait(f"={number + 1}=\n")
        return self.wait(rf"([^\0]*?)\n?={number + 2}=\n").group(1)

    def _listens(self) -> None:
        """Wait until the shell answers: what is typed before both ends have their terminals set up is lost."""
        deadline = time.monotonic() + ANSWER_WITHIN
        while time.monotonic() < deadline:
            number = next(NUMBERS)
            self.type(f"echo =$(({number}+1))=")
            if self._looked_for(f"={number + 1}=\n", 2.0) is not None:
                return
        raise AssertionError(f"no shell answers; there was: {self.seen[-2000:]!r}")

    def type(self, line: str) -> None:
        """Type a line."""
        os.write(self._end, f"{line}\n".encode())


@contextmanager
def console(uri: str, name: str) -> Iterator[Console]:
    """A guest's console, as `virsh console` has it."""
    ours, theirs = pty.openpty()
    words = [shutil.which("virsh") or "virsh", "-q", "-c", uri, "console", name, "--force"]
    running = subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    try:
        made = Console(ours)
        yield made
        os.write(ours, b"\x1d")  # ^]
        running.wait(30)
    finally:
        running.kill()
        running.wait()
        os.close(ours)
