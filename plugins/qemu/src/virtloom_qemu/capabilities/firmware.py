"""The firmware that is installed, as its makers describe it (docs/interop/firmware.json in QEMU's sources)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

FOLDERS = (Path("/etc/qemu/firmware"), Path("/usr/share/qemu/firmware"))  # a file hides its namesakes further on
ARCHES = {"i386": "i686", "arm": "armv7l"}
KINDS = {"bios": "bios", "uefi": "efi"}


@dataclass(frozen=True)
class Firmware:
    """One firmware.

    :ivar kinds: `bios`, `efi`; :ivar executable: its image; :ivar template: the variables that a guest begins with.
    :ivar device: `flash` or `memory`: where it is put; :ivar format: of the image.
    :ivar targets: machines that it is for, as patterns, by architecture.
    """

    kinds: tuple[str, ...]
    device: str
    executable: str
    format: str
    template: str | None
    targets: Mapping[str, tuple[str, ...]]
    features: frozenset[str]

    @property
    def secure(self) -> bool:
        """Whether it checks what it boots, and keeps guests from changing its variables."""
        return {"secure-boot", "requires-smm"} <= self.features

    def fits(self, arch: str, machine: str) -> bool:
        """Whether it is for a machine."""
        return any(fnmatchcase(machine, pattern) for pattern in self.targets.get(arch, ()))


def firmwares(arch: str, machine: str, folders: tuple[Path, ...] = FOLDERS) -> list[Firmware]:
    """The firmware for a machine, best first."""
    return [one for one in _described(folders) if one.fits(arch, machine) and Path(one.executable).exists()]


def _described(folders: tuple[Path, ...]) -> Iterator[Firmware]:
    files: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.json")):
            files.setdefault(path.name, path)
    for _, path in sorted(files.items()):
        try:
            yield _read(json.loads(path.read_text()))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # an empty file is how an administrator hides one


def _read(described: Mapping[str, Any]) -> Firmware:
    mapping = described["mapping"]
    flash = mapping["device"] == "flash"
    executable = mapping["executable"] if flash else mapping
    targets: dict[str, tuple[str, ...]] = {}
    for target in described["targets"]:
        arch = ARCHES.get(target["architecture"], target["architecture"])
        targets[arch] = targets.get(arch, ()) + tuple(target["machines"])
    return Firmware(
        kinds=tuple(KINDS[one] for one in described["interface-types"] if one in KINDS),
        device=mapping["device"],
        executable=executable["filename"],
        format=executable.get("format", "raw"),
        template=mapping["nvram-template"]["filename"] if "nvram-template" in mapping else None,
        targets=targets,
        features=frozenset(described["features"]),
    )
