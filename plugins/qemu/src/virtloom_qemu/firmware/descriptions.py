"""The firmware that is installed, as its makers describe it (docs/interop/firmware.json in QEMU's sources)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from virtloom_qemu.capabilities.descriptions import described

ARCHES = {"i386": "i686", "arm": "armv7l"}
KINDS = {"bios": "bios", "uefi": "efi"}


@dataclass(frozen=True)
class Firmware:
    """One firmware.

    :ivar kinds: `bios`, `efi`; :ivar executable: its image; :ivar template: the variables that a guest begins with.
    :ivar device: `flash` or `memory`: where it is put.
    :ivar format: template_format: of the image, and of the variables.
    :ivar stateless: whether it has no variables.
    :ivar targets: machines that it is for, as patterns, by architecture.
    """

    kinds: tuple[str, ...]
    device: str
    executable: str
    format: str
    template: str | None
    template_format: str
    stateless: bool
    targets: Mapping[str, tuple[str, ...]]
    features: frozenset[str]

    @property
    def secure(self) -> bool:
        """Whether it checks what it boots, and keeps guests from changing its variables."""
        return {"secure-boot", "requires-smm"} <= self.features

    def fits(self, arch: str, machine: str) -> bool:
        """Whether it is for a machine."""
        return any(fnmatchcase(machine, pattern) for pattern in self.targets.get(arch, ()))


def firmwares(arch: str, machine: str, folders: Sequence[str]) -> list[Firmware]:
    """The firmware for a machine, best first.

    :param folders: where it is described; a file hides its namesakes in the folders further on.
    """
    return [one for one in _known(folders) if one.fits(arch, machine) and Path(one.executable).exists()]


def _known(folders: Sequence[str]) -> Iterator[Firmware]:
    for document in described(folders):
        try:
            yield _read(document)
        except (KeyError, TypeError):
            continue  # it describes something else


def _read(described: Mapping[str, Any]) -> Firmware:
    mapping = described["mapping"]
    flash = mapping["device"] == "flash"
    executable = mapping["executable"] if flash else mapping
    template = mapping.get("nvram-template", {})
    targets: dict[str, tuple[str, ...]] = {}
    for target in described["targets"]:
        arch = ARCHES.get(target["architecture"], target["architecture"])
        targets[arch] = targets.get(arch, ()) + tuple(target["machines"])
    return Firmware(
        kinds=tuple(KINDS[one] for one in described["interface-types"] if one in KINDS),
        device=mapping["device"],
        executable=executable["filename"],
        format=executable.get("format", "raw"),
        template=template["filename"] if template else None,
        template_format=template.get("format", "raw"),
        stateless=mapping.get("mode", "split") == "stateless",
        targets=targets,
        features=frozenset(described["features"]),
    )
