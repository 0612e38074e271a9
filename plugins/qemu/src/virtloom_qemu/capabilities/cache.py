"""The emulators that were probed, kept in memory and on disk by the binary's size and time of change."""

from __future__ import annotations

import json
import logging
import os
import threading
from pathlib import Path
from typing import Any
from zlib import crc32

from virtloom.driver.files.store import write_atomically
from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error
from virtloom_qemu.capabilities import probe
from virtloom_qemu.capabilities.emulator import OLDEST, Emulator

log = logging.getLogger(__name__)
FORMAT = 4  # of the files; raised when the probe asks more
BOOT = Path("/proc/sys/kernel/random/boot_id")
FOLDERS = ("/usr/bin", "/usr/local/bin", "/usr/libexec")
ARCHES = (
    "alpha", "armv7l", "aarch64", "cris", "i686", "loongarch64", "m68k", "microblaze", "microblazeel", "mips", "mipsel",
    "mips64", "mips64el", "or32", "parisc", "ppc", "ppc64", "riscv32", "riscv64", "s390x", "sh4", "sh4eb", "sparc",
    "sparc64", "x86_64", "xtensa", "xtensaeb",
)  # fmt: skip
Stamp = tuple[int, int]


class EmulatorCache:
    """The emulators of this host.

    Guarantees: a binary is probed once until it changes, also if many ask at once.
    Assumes: the caller holds no lock of an object: a probe takes part of a second.

    :param folder: where answers are kept.
    :param run: runs a helper process, as `DriverHost.run` does.
    """

    def __init__(self, folder: Path, run: probe.Run) -> None:
        self._folder = folder
        self._run = run
        self._known: dict[str, tuple[Stamp, Emulator]] = {}
        self._probing: dict[str, threading.Event] = {}

    def default_path(self, arch: str) -> str | None:
        """The emulator for an architecture, or None if none is installed (`virQEMUCapsGetDefaultEmulator`)."""
        name = {"i686": "i386", "armv7l": "arm", "armv6l": "arm", "ppc64le": "ppc64"}.get(arch, arch)
        names = [f"qemu-system-{name}"] + ["qemu-system-x86_64"] * (arch == "i686")
        paths = (f"{folder}/{one}" for one in names for folder in FOLDERS)
        return next((path for path in paths if os.access(path, os.X_OK)), None)

    def installed(self) -> dict[str, str]:
        """The emulator of each architecture that has one."""
        found = ((arch, self.default_path(arch)) for arch in ARCHES)
        return {arch: path for arch, path in found if path is not None}

    def lookup(self, path: str) -> Emulator:
        """What an emulator can do.

        :raises VirtError: SYSTEM_ERROR for a binary that cannot be run, CONFIG_UNSUPPORTED for one that is too old,
            INTERNAL_ERROR for one that does not answer.
        """
        try:
            status = os.stat(path)
        except OSError as error:
            raise system_error(error, f"Cannot check QEMU binary {path}", ErrorDomain.QEMU) from error
        stamp = (status.st_mtime_ns, status.st_size)
        while True:
            known = self._known.get(path)
            if known is not None and known[0] == stamp:
                return known[1]
            mine = threading.Event()
            theirs = self._probing.setdefault(path, mine)
            if theirs is mine:
                break
            theirs.wait(2 * probe.DEADLINE)
        try:
            emulator = self._load(path, stamp)
            self._known[path] = (stamp, emulator)
        finally:
            del self._probing[path]
            mine.set()
        return emulator

    def _load(self, path: str, stamp: Stamp) -> Emulator:
        file = self._folder / f"{crc32(path.encode()):08x}.json"  # whose it is, is told by the key in it
        key = [FORMAT, path, *stamp, _kvm()]
        report = _read(file, key)
        if report is None:
            report = probe.ask(self._run, path)
            _write(file, {"key": key, "report": report})
        emulator = Emulator.from_report(path, report)
        if emulator.version < OLDEST:
            wanted = ".".join(map(str, OLDEST))
            detail = f"QEMU version >= {wanted} is required, but {'.'.join(map(str, emulator.version))} found"
            raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.QEMU)
        return emulator


def _kvm() -> str:
    """What KVM's answers hold for: this start of the host; its modules may be others next time."""
    return BOOT.read_text().strip() if os.access("/dev/kvm", os.R_OK | os.W_OK) else ""


def _read(file: Path, key: list[Any]) -> dict[str, Any] | None:
    try:
        kept = json.loads(file.read_text())
    except (OSError, ValueError):
        return None
    if not isinstance(kept, dict) or kept.get("key") != key:
        return None
    report: dict[str, Any] = kept["report"]
    return report


def _write(file: Path, kept: dict[str, Any]) -> None:
    try:
        write_atomically(file, json.dumps(kept).encode())
    except OSError as error:
        log.warning("cannot keep what %s can do in %s: %s", kept["key"][1], file, error)
