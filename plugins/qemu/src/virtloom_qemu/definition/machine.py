"""The emulator, the architecture and the machine of a domain that does not say (`qemuDomainDefPostParseBasic`)."""

from __future__ import annotations

import os

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.parts import Os, OsType
from virtloom_qemu.capabilities import Emulator, EmulatorCache

# Architectures that a document may name (`virArch`).
ARCHES = (
    "alpha", "armv6l", "armv7b", "armv7l", "aarch64", "cris", "i686", "ia64", "lm32", "loongarch64", "m68k",
    "microblaze", "microblazeel", "mips", "mips64", "mips64el", "mipsel", "or32", "parisc", "parisc64", "ppc", "ppc64",
    "ppc64le", "ppcemb", "riscv32", "riscv64", "s390", "s390x", "sh4", "sh4eb", "sparc", "sparc64", "unicore32",
    "x86_64", "xtensa", "xtensaeb",
)  # fmt: skip


def host_arch() -> str:
    """The architecture of this host, as libvirt calls it."""
    return {"i386": "i686", "arm64": "aarch64"}.get(os.uname().machine, os.uname().machine)


def with_emulator(domain: Domain, emulators: EmulatorCache) -> tuple[Domain, Emulator]:
    """A domain with its architecture and its emulator, and what that emulator can do.

    :raises VirtError: CONFIG_UNSUPPORTED if there is no emulator for it, SYSTEM_ERROR if it cannot be run.
    """
    system = domain.os or Os()
    kind = system.type or OsType()
    arch = kind.arch or host_arch()
    if arch not in ARCHES:
        raise VirtError(ErrorCode.INTERNAL_ERROR, f"Unknown architecture {arch}", ErrorDomain.DOMAIN)
    path = domain.parts.emulator or emulators.default_path(arch)
    if path is None:
        detail = f"No emulator found for arch '{arch}'"
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.QEMU)
    emulator = emulators.lookup(path)
    domain = domain.replace(os=system.replace(type=kind.replace(arch=arch))).with_devices(emulator=path)
    return domain, emulator


def with_machine(domain: Domain, emulator: Emulator) -> Domain:
    """A domain with its machine, by the machine's own name.

    :raises VirtError: CONFIG_UNSUPPORTED with a boot loader, which only other hypervisors have.
    """
    if domain.bootloader is not None or domain.bootloader_args is not None:
        detail = "bootloader is not supported by QEMU"
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.QEMU)
    system = domain.os or Os()
    kind = system.type or OsType()
    machine = emulator.machine(kind.machine) if kind.machine else emulator.default_machine
    name = machine.name if machine is not None else kind.machine
    return domain.replace(os=system.replace(type=kind.replace(machine=name)))
