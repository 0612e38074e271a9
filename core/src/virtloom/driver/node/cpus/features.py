"""The features of x86's processors: which bit of CPUID, or of a model-specific register, says that one is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import NamedTuple

from virtloom.errors import ErrorCode, ErrorDomain, VirtError

# A register on each line that is not indented, then names with their bits. A register of CPUID is what EAX and ECX ask
# for and which register answers; the others are model-specific registers.
TABLE = """
0x1:0x0:edx fpu:0 vme:1 de:2 pse:3 tsc:4 msr:5 pae:6 mce:7 cx8:8 apic:9 sep:11 mtrr:12 pge:13 mca:14 cmov:15 pat:16
    pse36:17 pn:18 clflush:19 ds:21 acpi:22 mmx:23 fxsr:24 sse:25 sse2:26 ss:27 ht:28 tm:29 ia64:30 pbe:31
0x1:0x0:ecx pni:0 pclmuldq:1 dtes64:2 monitor:3 ds_cpl:4 vmx:5 smx:6 est:7 tm2:8 ssse3:9 cid:10 fma:12 cx16:13
    xtpr:14 pdcm:15 pcid:17 dca:18 sse4.1:19 sse4.2:20 x2apic:21 movbe:22 popcnt:23 tsc-deadline:24 aes:25 xsave:26
    osxsave:27 avx:28 f16c:29 rdrand:30 hypervisor:31
0x6:0x0:eax arat:2
0x7:0x0:ebx fsgsbase:0 tsc_adjust:1 sgx:2 bmi1:3 hle:4 avx2:5 smep:7 bmi2:8 erms:9 invpcid:10 rtm:11 cmt:12 mpx:14
    avx512f:16 avx512dq:17 rdseed:18 adx:19 smap:20 avx512ifma:21 pcommit:22 clflushopt:23 clwb:24 intel-pt:25
    avx512pf:26 avx512er:27 avx512cd:28 sha-ni:29 avx512bw:30 avx512vl:31
0x7:0x0:ecx avx512vbmi:1 umip:2 pku:3 ospke:4 waitpkg:5 avx512vbmi2:6 gfni:8 vaes:9 vpclmulqdq:10 avx512vnni:11
    avx512bitalg:12 avx512-vpopcntdq:14 la57:16 rdpid:22 bus-lock-detect:24 cldemote:25 movdiri:27 movdir64b:28
    sgxlc:30 pks:31
0x7:0x0:edx avx512-4vnniw:2 avx512-4fmaps:3 fsrm:4 avx512-vp2intersect:8 md-clear:10 serialize:14 tsx-ldtrk:16
    pconfig:18 arch-lbr:19 amx-bf16:22 avx512-fp16:23 amx-tile:24 amx-int8:25 spec-ctrl:26 stibp:27
    arch-capabilities:29 core-capability:30 ssbd:31
0x7:0x1:eax avx-vnni:4 avx512-bf16:5
0xd:0x1:eax xsaveopt:0 xsavec:1 xgetbv1:2 xsaves:3 xfd:4
0xf:0x1:edx mbm_total:1 mbm_local:2
0x12:0x0:eax sgx1:0 sgx2:1
0x12:0x0:ebx sgx-exinfo:0
0x12:0x1:eax sgx-debug:1 sgx-mode64:2 sgx-provisionkey:4 sgx-tokenkey:5 sgx-kss:7
0x14:0x0:ecx intel-pt-lip:31
0x80000001:0x0:edx syscall:11 nx:20 mmxext:22 fxsr_opt:25 pdpe1gb:26 rdtscp:27 lm:29 3dnowext:30 3dnow:31
0x80000001:0x0:ecx lahf_lm:0 cmp_legacy:1 svm:2 extapic:3 cr8legacy:4 abm:5 sse4a:6 misalignsse:7 3dnowprefetch:8
    osvw:9 ibs:10 xop:11 skinit:12 wdt:13 lwp:15 fma4:16 tce:17 cvt16:18 nodeid_msr:19 tbm:21 topoext:22
    perfctr_core:23 perfctr_nb:24
0x80000007:0x0:edx invtsc:8
0x80000008:0x0:ebx clzero:0 xsaveerptr:2 wbnoinvd:9 ibpb:12 ibrs:14 amd-stibp:15 amd-ssbd:24 virt-ssbd:25
    amd-no-ssb:26
0x8000000a:0x0:edx npt:0 lbrv:1 svm-lock:2 nrip-save:3 tsc-scale:4 vmcb-clean:5 flushbyasid:6 decodeassists:7
    pause-filter:10 pfthreshold:12 avic:13 v-vmsave-vmload:15 vgif:16 svme-addr-chk:28
msr:0x10a:eax rdctl-no:0 ibrs-all:1 rsba:2 skip-l1dfl-vmentry:3 ssb-no:4 mds-no:5 pschange-mc-no:6 tsx-ctrl:7
    taa-no:8
msr:0xcf:eax split-lock-detect:5
"""
# Other names of features, QEMU's among them.
ALIASES = {
    "sse3": "pni", "pclmulqdq": "pclmuldq", "ds-cpl": "ds_cpl", "sse4-1": "sse4.1", "sse4_1": "sse4.1",
    "sse4-2": "sse4.2", "sse4_2": "sse4.2", "tsc-adjust": "tsc_adjust", "cqm": "cmt", "md_clear": "md-clear",
    "arch_capabilities": "arch-capabilities", "xd": "nx", "ffxsr": "fxsr_opt", "fxsr-opt": "fxsr_opt", "i64": "lm",
    "lahf-lm": "lahf_lm", "cmp-legacy": "cmp_legacy", "nodeid-msr": "nodeid_msr", "perfctr-core": "perfctr_core",
    "perfctr-nb": "perfctr_nb", "svm_lock": "svm-lock", "nrip_save": "nrip-save", "tsc_scale": "tsc-scale",
    "vmcb_clean": "vmcb-clean", "pause_filter": "pause-filter",
}  # fmt: skip


class Register(NamedTuple):
    """Where bits are.

    :ivar name: `eax`, `ebx`, `ecx` or `edx`.
    :ivar leaf: what EAX asks CPUID for, or the number of a model-specific register; :ivar sub: what ECX asks for.
    """

    name: str
    leaf: int
    sub: int = 0
    is_msr: bool = False


class Feature(NamedTuple):
    """One feature: where its bits are."""

    name: str
    register: Register
    mask: int


@cache
def features() -> dict[str, Feature]:
    """All features by name, in the order in which libvirt tells them."""
    found, register = {}, Register("eax", 0)
    for line in TABLE.strip().splitlines():
        words = line.split()
        if not line.startswith(" "):
            register = _register(words.pop(0))
        for word in words:
            name, _, bits = word.rpartition(":")
            found[name] = Feature(name, register, sum(1 << int(bit) for bit in bits.split(",")))
    return found


def _register(text: str) -> Register:
    first, second, name = text.split(":")
    if first == "msr":
        return Register(name, int(second, 16), is_msr=True)
    return Register(name, int(first, 16), int(second, 16))


def named(name: str) -> Feature | None:
    """The feature that a name or another name of it means; None if there is none."""
    return features().get(ALIASES.get(name, name))


def need_named(name: str) -> Feature:
    """The same, of one that must be there.

    :raises VirtError: INTERNAL_ERROR if there is none.
    """
    found = named(name)
    if found is None:
        raise VirtError(ErrorCode.INTERNAL_ERROR, f"Unknown CPU feature {name}", ErrorDomain.CPU)
    return found


def present(values: Mapping[Register, int]) -> set[str]:
    """The names of the features whose bits are all set.

    :param values: what registers have; those that are left out have nothing.
    """
    return {one.name for one in features().values() if values.get(one.register, 0) & one.mask == one.mask}


def in_order(names: Iterable[str]) -> list[str]:
    """Names in the order in which libvirt tells them."""
    places = {name: place for place, name in enumerate(features())}
    return sorted(names, key=lambda name: places.get(name, len(places)))
