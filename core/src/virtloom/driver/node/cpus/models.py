"""The models of x86's processors: who makes them, how they tell what they are, and what features they have."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from virtloom.errors import ErrorCode, ErrorDomain, VirtError

# Name, vendor, signatures (family/model[/steppings]), the model that it is like, and what it has besides (+), what it
# lacks (-), and what it once had but has no more (~).
TABLE = """
486 - - - +fpu +pse +vme
pentium - - 486 +cx8 +de +mce +mmx +msr +tsc
pentium2 - - pentium +cmov +fxsr +mca +mtrr +pae +pat +pge +pse36 +sep
pentium3 - - pentium2 +sse
pentiumpro - - pentium3 +apic +sse2 -mca -mtrr -pse36 -vme
coreduo Intel - pentium3 +apic +clflush +monitor +nx +pni +sse2 -pse36
n270 Intel - coreduo +ssse3
core2duo Intel - n270 +lm +pse36 +syscall
qemu32 - - pentiumpro +pni
kvm32 - - coreduo +pse36 -monitor -nx -vme
cpu64-rhel5 - - core2duo -monitor -ssse3 -vme
cpu64-rhel6 - - cpu64-rhel5 +cx16 +lahf_lm
qemu64 - - cpu64-rhel5 +cx16 +svm
kvm64 - - cpu64-rhel5 +cx16
Conroe Intel 6/15,6/22 cpu64-rhel5 +lahf_lm +ssse3
Penryn Intel 6/23,6/29 cpu64-rhel6 +sse4.1 +ssse3
Nehalem Intel 6/26,6/30,6/31,6/46 Penryn +popcnt +sse4.2
Nehalem-IBRS Intel 6/26,6/30,6/31,6/46 Nehalem +spec-ctrl
Westmere Intel 6/44,6/47,6/37 Nehalem +aes
Westmere-IBRS Intel 6/44 Nehalem-IBRS +aes
SandyBridge Intel 6/42,6/45 Westmere +avx +pclmuldq +rdtscp +tsc-deadline +x2apic +xsave
SandyBridge-IBRS Intel 6/42,6/45 SandyBridge +spec-ctrl
IvyBridge Intel 6/58,6/62 SandyBridge +erms +f16c +fsgsbase +rdrand +smep +vme
IvyBridge-IBRS Intel 6/58,6/62 IvyBridge +spec-ctrl
Haswell-noTSX Intel 6/60,6/63,6/69,6/70 SandyBridge +avx2 +bmi1 +bmi2 +erms +fma +fsgsbase +invpcid +movbe +pcid
    +smep
Haswell-noTSX-IBRS Intel 6/60,6/63,6/69,6/70 Haswell-noTSX +spec-ctrl
Haswell Intel 6/60,6/63,6/69,6/70 Haswell-noTSX +hle +rtm
Haswell-IBRS Intel 6/60,6/63,6/69,6/70 Haswell +spec-ctrl
Broadwell-noTSX Intel 6/61,6/71,6/79,6/86 Haswell-noTSX +3dnowprefetch +adx +rdseed +smap
Broadwell-noTSX-IBRS Intel 6/61,6/71,6/79,6/86 Broadwell-noTSX +spec-ctrl
Broadwell Intel 6/61,6/71,6/79,6/86 Broadwell-noTSX +hle +rtm
Broadwell-IBRS Intel 6/61,6/71,6/79,6/86 Broadwell +spec-ctrl
Skylake-Client Intel 6/94,6/78,6/142,6/158 Broadwell +abm +arat +f16c +mpx +rdrand +vme +xgetbv1 +xsavec +xsaveopt
Skylake-Client-IBRS Intel 6/94,6/78,6/142,6/158 Skylake-Client +spec-ctrl
Skylake-Client-noTSX-IBRS Intel 6/94,6/78,6/142,6/158 Skylake-Client-IBRS -hle -rtm
Skylake-Server Intel 6/85/0-4 Skylake-Client +avx512bw +avx512cd +avx512dq +avx512f +avx512vl +clwb +pdpe1gb
Skylake-Server-IBRS Intel 6/85/0-4 Skylake-Server +spec-ctrl
Skylake-Server-noTSX-IBRS Intel 6/85/0-4 Skylake-Server-IBRS -hle -rtm
Cascadelake-Server Intel 6/85/5-7 Skylake-Server-IBRS +avx512vnni +clflushopt +ssbd
Cascadelake-Server-noTSX Intel 6/85/5-7 Cascadelake-Server -hle -rtm
Icelake-Client Intel 6/126 Skylake-Client-IBRS +avx512-vpopcntdq +avx512bitalg +avx512vbmi +avx512vbmi2 +avx512vnni
    +gfni +pku +ssbd +umip +vaes +vpclmulqdq +wbnoinvd ~intel-pt
Icelake-Client-noTSX Intel 6/126 Icelake-Client -hle -rtm ~intel-pt
Icelake-Server Intel 6/106 Icelake-Client +avx512bw +avx512cd +avx512dq +avx512f +avx512vl +clflushopt +clwb +la57
    +pdpe1gb ~intel-pt
Icelake-Server-noTSX Intel 6/106 Icelake-Server -hle -rtm ~intel-pt
Cooperlake Intel 6/85/10-11 Cascadelake-Server +arch-capabilities +avx512-bf16 +ibrs-all +mds-no +pku
    +pschange-mc-no +rdctl-no +skip-l1dfl-vmentry +stibp +taa-no -mpx
Snowridge Intel 6/134 IvyBridge-IBRS +3dnowprefetch +arat +arch-capabilities +cldemote +clflushopt +clwb
    +core-capability +gfni +movbe +movdir64b +movdiri +pdpe1gb +rdseed +sha-ni +smap +split-lock-detect +ssbd +umip
    +xgetbv1 +xsavec +xsaveopt -avx -f16c
athlon AMD - pentium3 +3dnow +3dnowext +apic +mmxext +sse2 -mca
phenom AMD - cpu64-rhel5 +3dnow +3dnowext +fxsr_opt +mmxext +monitor +svm
Opteron_G1 AMD 15/6 cpu64-rhel5
Opteron_G2 AMD 15/6 cpu64-rhel6 +rdtscp +svm
Opteron_G3 AMD 15/6 Opteron_G2 +abm +misalignsse +popcnt +sse4a ~monitor
Opteron_G4 AMD 21/1 SandyBridge +3dnowprefetch +abm +fma4 +misalignsse +pdpe1gb +sse4a +svm +xop -tsc-deadline
    -x2apic
Opteron_G5 AMD 21/2 Opteron_G4 +f16c +fma +tbm
EPYC AMD 23/1 Skylake-Client-noTSX-IBRS +clflushopt +cr8legacy +fxsr_opt +misalignsse +mmxext +osvw +pdpe1gb +sha-ni
    +sse4a +svm -erms -invpcid -mpx -pcid -spec-ctrl -tsc-deadline -x2apic ~monitor
EPYC-IBPB AMD 23/1 EPYC +ibpb ~monitor
EPYC-Rome AMD 23/49 EPYC-IBPB +amd-stibp +clwb +clzero +npt +nrip-save +perfctr_core +rdpid +umip +wbnoinvd
    +xsaveerptr
EPYC-Milan AMD 25/1 EPYC-Rome +amd-ssbd +erms +fsrm +ibrs +invpcid +pcid +pku +svme-addr-chk +xsaves
Dhyana Hygon 24/0 EPYC-IBPB -aes -pclmuldq -sha-ni ~monitor
"""


class Model(NamedTuple):
    """One model.

    :ivar vendor: None for one that is nobody's.
    :ivar signatures: family, model and, where they matter, steppings, as libvirt writes them.
    :ivar removed: features that it had in earlier versions of QEMU.
    """

    name: str
    vendor: str | None
    signatures: tuple[str, ...]
    features: frozenset[str]
    removed: tuple[str, ...] = ()


@cache
def models() -> dict[str, Model]:
    """All models by name, in libvirt's order."""
    found: dict[str, Model] = {}
    for line in TABLE.replace("\n    ", " ").strip().splitlines():
        name, vendor, signatures, like, *changes = line.split()
        has = set(found[like].features) if like != "-" else set()
        has |= {one[1:] for one in changes if one[0] == "+"}
        has -= {one[1:] for one in changes if one[0] == "-"}
        removed = tuple(one[1:] for one in changes if one[0] == "~")
        own = () if signatures == "-" else tuple(signatures.split(","))
        found[name] = Model(name, None if vendor == "-" else vendor, own, frozenset(has), removed)
    return found


def need_model(name: str) -> Model:
    """The model of a name.

    :raises VirtError: INTERNAL_ERROR if there is none.
    """
    found = models().get(name)
    if found is None:
        raise VirtError(ErrorCode.INTERNAL_ERROR, f"Unknown CPU model {name}", ErrorDomain.CPU)
    return found
