"""Features of the machine and of the processor (`virDomainFeaturesDefParse`, `virCPUDefParseXML`)."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain
from virtloom.xmldef.domain.attributes.kinds import (
    POSITIVE_INT,
    Rule,
    flags,
    loose,
    must,
    number,
    numbers,
    switches,
    told,
    word,
)

CPU = ErrorDomain.CPU
SWITCHED = ("vmcoreinfo", "hap", "pmu", "pvspinlock", "vmport", "smm")
STATED = ("htm", "nested-hv", "ccf-assist")
HYPERV = ("relaxed", "vapic", "spinlocks", "vpindex", "runtime", "synic", "stimer", "reset", "vendor_id",
          "frequencies", "reenlightenment", "tlbflush", "ipi", "evmcs", "avic")  # fmt: skip
KVM = ("hidden", "hint-dedicated", "poll-control", "pv-ipi", "dirty-ring")
STATE = must(*switches("state"))

TABLE: dict[str, tuple[Rule, ...]] = {
    "features/apic": switches("eoi"),
    "features/msrs": must(word("unknown", "ignore fault")),
    **{f"features/{name}": switches("state") for name in SWITCHED},
    **{f"features/{name}": STATE for name in STATED},
    "features/gic": (word("version", "host 2 3"),),
    "features/ioapic": (word("driver", "qemu kvm"),),
    "features/hpt": (word("resizing", "enabled disabled required"),),
    "features/cfpc": (word("value", "broken workaround fixed"),),
    "features/sbbc": (word("value", "broken workaround fixed"),),
    "features/ibs": (word("value", "broken workaround fixed-ibs fixed-ccd fixed-na"),),
    "features/hyperv": (word("mode", "custom passthrough"),),
    **{f"features/hyperv[mode=|custom]/{name}": STATE for name in HYPERV},
    "features/hyperv[mode=|custom]/stimer[state=on]/direct": STATE,
    "features/hyperv[mode=|custom]/spinlocks[state=on]": must(number("retries", base=0)),
    **{f"features/kvm/{name}": STATE for name in KVM},
    "features/kvm/dirty-ring[state=on]": must(number("size", base=0)),
    "features/xen/e820_host": STATE,
    "features/xen/passthrough": STATE,
    "features/xen/passthrough[state=on]": (word("mode", "sync_pt share_pt"),),
    "features/capabilities": (word("policy", "default allow deny"),),
    "cpu": (
        told(word("mode", "custom host-model host-passthrough maximum"), "Invalid mode attribute '{}'", domain=CPU),
        *switches("migratable"),
        word("match", "minimum exact strict"),
        word("check", "none partial full"),
    ),
    "cpu[mode=|custom|host-model]/model": loose(
        told(word("fallback", "allow forbid"), "Invalid fallback attribute", domain=CPU)
    ),
    "cpu/topology": (
        *must(number("sockets", zero=False)),
        number("dies", zero=False),
        *must(*numbers("cores threads", zero=False)),
    ),
    "cpu/feature": (
        told(word("policy", "force require optional disable forbid"), "Invalid CPU feature policy", domain=CPU),
        told(Rule("name", bool), "Invalid CPU feature name", ErrorCode.XML_ERROR, "Invalid CPU feature name",
             ErrorCode.XML_ERROR, CPU),
    ),
    "cpu/cache": (number("level", POSITIVE_INT), *must(word("mode", "emulate passthrough disable"))),
    "cpu/maxphysaddr": (*must(word("mode", "emulate passthrough")), number("bits", POSITIVE_INT)),
    "cpu/numa/cell": (
        number("id"),
        word("memAccess", "shared private"),
        *flags("discard"),
    ),
    "cpu/numa/cell/distances/sibling": must(*numbers("id value")),
    "cpu/numa/interconnects/latency": (
        *must(number("value", (0, (1 << 64) - 1)), *numbers("initiator target")),
        number("cache"),
        *must(word("type", "access read write")),
    ),
    "cpu/numa/interconnects/bandwidth": (
        *must(*numbers("initiator target")),
        number("cache"),
        *must(word("type", "access read write")),
    ),
}  # fmt: skip
