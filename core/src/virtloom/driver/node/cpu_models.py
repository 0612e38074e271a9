"""The processors that libvirt 9.0 knows by name, by architecture, and who made them."""

from __future__ import annotations

from virtloom.errors import ErrorCode, VirtError

X86 = """
486 pentium pentium2 pentium3 pentiumpro coreduo n270 core2duo qemu32 kvm32 cpu64-rhel5 cpu64-rhel6 qemu64 kvm64
Conroe Penryn Nehalem Nehalem-IBRS Westmere Westmere-IBRS SandyBridge SandyBridge-IBRS IvyBridge IvyBridge-IBRS
Haswell-noTSX Haswell-noTSX-IBRS Haswell Haswell-IBRS Broadwell-noTSX Broadwell-noTSX-IBRS Broadwell Broadwell-IBRS
Skylake-Client Skylake-Client-IBRS Skylake-Client-noTSX-IBRS Skylake-Server Skylake-Server-IBRS
Skylake-Server-noTSX-IBRS Cascadelake-Server Cascadelake-Server-noTSX Icelake-Client Icelake-Client-noTSX
Icelake-Server Icelake-Server-noTSX Cooperlake Snowridge athlon phenom Opteron_G1 Opteron_G2 Opteron_G3 Opteron_G4
Opteron_G5 EPYC EPYC-IBPB EPYC-Rome EPYC-Milan Dhyana
"""
POWER = "POWER6 POWER7 POWER8 POWER9 POWER10 POWERPC_e5500 POWERPC_e6500"
UNCOMPARED = """
alpha cris ia64 lm32 m68k microblaze microblazeel mips mipsel mips64 mips64el openrisc parisc parisc64 ppc ppcle ppcemb
riscv32 riscv64 sh4 sh4eb sparc sparc64 unicore32 xtensa xtensaeb
"""  # architectures whose processors libvirt does not compare
NAMELESS = ("armv6l", "armv7b", "armv7l", "aarch64", "s390", "s390x")  # any model is accepted
MODELS = {"i686": X86, "x86_64": X86, "ppc64": POWER, "ppc64le": POWER}
ARCHES = frozenset({*MODELS, *NAMELESS, *UNCOMPARED.split()})
AMD = ("EPYC", "Opteron", "athlon", "phenom")  # how the names of their processors begin
NOBODYS = ("486", "pentium", "qemu", "kvm", "cpu64")


def model_names(arch: str) -> list[str]:
    """The names for an architecture; an architecture without names accepts any.

    :raises VirtError: INVALID_ARG for an architecture that libvirt does not know, NO_SUPPORT for one of which it knows
        no processors.
    """
    if arch in UNCOMPARED.split():
        raise VirtError(ErrorCode.NO_SUPPORT, f"'{arch}' architecture is not supported by CPU driver")
    if arch not in MODELS and arch not in NAMELESS:
        raise VirtError(ErrorCode.INVALID_ARG, f"cannot find architecture {arch}")
    return MODELS.get(arch, "").split()


def vendor(model: str) -> str:
    """Who makes a processor of x86: `Intel`, `AMD`, `Hygon` or `unknown`."""
    if model.startswith(NOBODYS):
        return "unknown"
    if model.startswith("Dhyana"):
        return "Hygon"
    return "AMD" if model.startswith(AMD) else "Intel"
