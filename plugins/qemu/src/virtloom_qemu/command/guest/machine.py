"""The machine and how it is run (`qemuBuildMachineCommandLine`)."""

from __future__ import annotations

from virtloom.xmldef.document import Node
from virtloom_qemu.command.context import Context
from virtloom_qemu.command.guest.firmware import pflash_nodes
from virtloom_qemu.command.line import CommandLine
from virtloom_qemu.command.values import alias, on_off
from virtloom_qemu.definition.guest import Guest, number

IRQCHIPS = {"qemu": "split", "kvm": "on"}


def add_machine(guest: Guest, context: Context, line: CommandLine) -> None:
    """`-machine`, `-accel`, and the settings of the chipset."""
    options = [guest.machine_name, "usb=off", *_features(guest), *_memory(guest, context)]
    if guest.root.find("launchSecurity") is not None:
        options.append("confidential-guest-support=lsec0")
    options += [f"pflash{unit}={node}" for unit, node in pflash_nodes(guest)]
    if guest.root.find("cpu/numa/interconnects") is not None or _has_caches(guest):
        options.append("hmat=on")
    if guest.root.value("os/bios", "useserial") == "yes":
        options.append("graphics=off")
    line.option("machine", ",".join(options))
    line.option("accel", _accelerator(guest))
    size = guest.root.find("features/smm/tseg")
    if size is not None:
        line.option("global", f"mch.extended-tseg-mbytes={_mebibytes(size)}")


def _has_caches(guest: Guest) -> bool:
    numa = guest.root.find("cpu/numa")
    return numa is not None and any(cell.find("cache") is not None for cell in numa.all("cell"))


def _mebibytes(size: Node) -> int:
    value, unit = int(size.text), size.get("unit") or "MiB"
    return value * {"MiB": 1, "GiB": 1024}.get(unit, 1) if unit in ("MiB", "GiB") else value >> 20


def _features(guest: Guest) -> list[str]:
    found = []
    for name in ("vmport", "smm"):
        feature = guest.feature(name)
        found += [f"{name}={feature.get('state')}"] if feature is not None else []
    ioapic = guest.feature("ioapic")
    if ioapic is not None and ioapic.get("driver") in IRQCHIPS:
        found.append(f"kernel_irqchip={IRQCHIPS[ioapic.attrs['driver']]}")
    return found


def _memory(guest: Guest, context: Context) -> list[str]:
    dump = guest.root.value("memory", "dumpCore") or ("on" if context.settings.dump_guest_core else "off")
    found = [f"dump-guest-core={dump}"]
    if guest.root.find("memoryBacking/nosharepages") is not None:
        found.append("mem-merge=off")
    modules = guest.all("memory")
    if any(one.get("model") == "nvdimm" for one in modules):
        found.append("nvdimm=on")
    for place, one in enumerate(one for one in modules if one.get("model") == "sgx-epc"):
        node = one.find("target/node")
        found.append(f"sgx-epc.{place}.memdev=mem{alias(one)}")
        found.append(f"sgx-epc.{place}.node={node.text if node is not None else 0}")
    machine = guest.machine
    if guest.root.find("cpu/numa") is None and machine is not None and machine.ram_id:
        found.append(f"memory-backend={machine.ram_id}")
    return found


def _accelerator(guest: Guest) -> str:
    if guest.type == "kvm":
        ring = guest.root.find("features/kvm/dirty-ring")
        on = ring is not None and ring.get("state") == "on"
        return f"kvm,dirty-ring-size={number(ring, 'size')}" if on else "kvm"
    cache = guest.root.find("features/tcg/tb-cache")
    return "tcg" if cache is None else f"tcg,tb-size={int(cache.text) >> 10}"


def add_power(guest: Guest, context: Context, line: CommandLine) -> None:
    """What the guest may do about its power (`qemuBuildPMCommandLine`)."""
    line.option("no-shutdown")
    if guest.feature("acpi") is None:
        line.option("no-acpi")
    chipset = "ICH9-LPC" if guest.is_q35 else "PIIX4_PM"
    for element, name in (("suspend-to-mem", "s3"), ("suspend-to-disk", "s4")):
        enabled = guest.root.value(f"pm/{element}", "enabled")
        if enabled is not None:
            line.option("global", f"{chipset}.disable_{name}={int(on_off(enabled) == 'off')}")
