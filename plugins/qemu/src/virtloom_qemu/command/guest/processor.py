"""The processor and how many there are (`qemuBuildCpuCommandLine`)."""

from __future__ import annotations

from virtloom.xmldef.document import Node
from virtloom_qemu.command.context import Context
from virtloom_qemu.command.line import CommandLine
from virtloom_qemu.command.values import on_off
from virtloom_qemu.definition.guest import Guest, number
from virtloom_qemu.definition.processor import MAX_CPU

# Features that libvirt knows by another name than QEMU (`virQEMUCapsCPUFeaturesX86`).
FEATURE_NAMES = {
    "cmp_legacy": "cmp-legacy", "ds_cpl": "ds-cpl", "fxsr_opt": "fxsr-opt", "kvm_pv_eoi": "kvm-pv-eoi",
    "kvm_pv_unhalt": "kvm-pv-unhalt", "lahf_lm": "lahf-lm", "nodeid_msr": "nodeid-msr", "pclmuldq": "pclmulqdq",
    "perfctr_core": "perfctr-core", "perfctr_nb": "perfctr-nb", "tsc_adjust": "tsc-adjust", "hv-apicv": "hv-avic",
}  # fmt: skip
ON = ("force", "require")
OFF = ("disable", "forbid")
HYPERV = (
    "relaxed", "vapic", "spinlocks", "vpindex", "runtime", "synic", "stimer", "reset", "vendor_id", "frequencies",
    "reenlightenment", "tlbflush", "ipi", "evmcs", "avic",
)  # fmt: skip
KVM = (("hidden", "on", "kvm=off"), ("hint-dedicated", "on", "kvm-hint-dedicated=on"),
       ("poll-control", "on", "kvm-poll-control=on"), ("pv-ipi", "off", "kvm-pv-ipi=off"))  # fmt: skip


def add_processor(guest: Guest, context: Context, line: CommandLine) -> None:
    """`-cpu`."""
    model, flags = _model(guest), _flags(guest)
    if flags and not model:
        model = ["qemu32" if guest.arch == "i686" else "qemu64"]
    if model:
        line.option("cpu", ",".join([*model, *flags]))


def add_count(guest: Guest, context: Context, line: CommandLine) -> None:
    """`-smp`."""
    line.option("smp", _count(guest))


def _model(guest: Guest) -> list[str]:
    cpu = guest.root.find("cpu")
    model = cpu.find("model") if cpu is not None else None
    mode = (cpu.get("mode") if cpu is not None else None) or "custom"
    if cpu is None or (mode == "custom" and model is None):
        return ["qemu32"] if guest.arch == "i686" and "x86_64" in guest.emulator.path else []
    made = [{"host-passthrough": "host", "maximum": "max"}.get(mode) or (model.text.strip() if model else "host")]
    if mode in ("host-passthrough", "maximum") and cpu.get("migratable") is not None and guest.emulator.has(MAX_CPU):
        made.append(f"migratable={cpu.get('migratable')}")
    if model is not None and model.get("vendor_id") is not None:
        made.append(f"vendor={model.get('vendor_id')}")
    for feature in cpu.all("feature"):
        name = FEATURE_NAMES.get(feature.get("name") or "", feature.get("name") or "").replace("_", "-")
        policy = feature.get("policy") or "require"
        made += [f"{name}={'on' if policy in ON else 'off'}"] if policy in (*ON, *OFF) else []
    return made


def _flags(guest: Guest) -> list[str]:
    made = _timers(guest)
    eoi = guest.root.value("features/apic", "eoi")
    made += [f"kvm-pv-eoi={eoi}"] if eoi is not None else []
    spin = guest.feature("pvspinlock")
    made += [f"kvm-pv-unhalt={spin.get('state')}"] if spin is not None else []
    made += _hyperv(guest.feature("hyperv"))
    made += ["hv-crash"] * any(one.get("model") == "hyperv" for one in guest.all("panic"))
    kvm = guest.feature("kvm")
    made += [flag for name, state, flag in KVM if kvm is not None and kvm.value(name, "state") == state]
    pmu = guest.feature("pmu")
    made += [f"pmu={pmu.get('state')}"] if pmu is not None else []
    return [*made, *_cache(guest), *_address_bits(guest)]


def _timers(guest: Guest) -> list[str]:
    made = []
    clock = guest.root.find("clock")
    for timer in clock.all("timer") if clock is not None else ():
        name, present = timer.get("name"), timer.get("present")
        if name == "kvmclock" and present is not None:
            made.append(f"kvmclock={on_off(present)}")
        elif name == "hypervclock" and present == "yes":
            made.append("hv-time=on")
        elif name == "tsc" and number(timer, "frequency"):
            made.append(f"tsc-frequency={number(timer, 'frequency')}")
    return made


def _hyperv(node: Node | None) -> list[str]:
    if node is None:
        return []
    made = ["hv-passthrough=on"] if node.get("mode") == "passthrough" else []
    for name in HYPERV:
        feature = node.find(name)
        if feature is None or feature.get("state") != "on":
            continue
        if name == "spinlocks":
            made.append(f"hv-spinlocks=0x{number(feature, 'retries'):x}")
        elif name == "vendor_id":
            made.append(f"hv-vendor-id={feature.get('value')}")
        else:
            made.append(f"hv-{name}=on")
        if name == "stimer" and feature.value("direct", "state") == "on":
            made.append("hv-stimer-direct=on")
    return made


def _cache(guest: Guest) -> list[str]:
    mode = guest.root.value("cpu/cache", "mode")
    passed = guest.root.value("cpu", "mode") in ("host-passthrough", "maximum")
    off = ["host-cache-info=off"] if passed else []
    if mode == "emulate":
        return ["l3-cache=on", *off]
    if mode == "passthrough":
        return ["host-cache-info=on", "l3-cache=off"]
    return [*off, "l3-cache=off"] if mode == "disable" else []


def _address_bits(guest: Guest) -> list[str]:
    node = guest.root.find("cpu/maxphysaddr")
    if node is None:
        return []
    return ["host-phys-bits=on"] if node.get("mode") == "passthrough" else [f"phys-bits={node.get('bits')}"]


def _count(guest: Guest) -> str:
    vcpu = guest.root.find("vcpu")
    total = int(vcpu.text.strip() or 1) if vcpu is not None else 1
    present = _cold(guest, number(vcpu, "current", total))
    made = [str(present)] + ([f"maxcpus={total}"] if present != total else [])
    shape = guest.root.find("cpu/topology")
    if shape is None:
        return ",".join([*made, f"sockets={total}", "cores=1", "threads=1"])
    parts = (("sockets", "1"), ("dies", "1"), ("cores", "1"), ("threads", "1"))
    return ",".join([*made, *(f"{part}={shape.attrs.get(part, least)}" for part, least in parts)])


def _cold(guest: Guest, current: int) -> int:
    """The processors that are there from the start; those that can be unplugged are plugged in later."""
    vcpus = guest.root.find("vcpus")
    if vcpus is None:
        return current
    listed = [one for one in vcpus.all("vcpu") if one.get("enabled") == "yes"]
    return sum(one.get("hotpluggable") == "no" for one in listed)
