"""Memory: modules, and what is behind it on the host."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom_qemu.definition.checks.refusal import unsupported
from virtloom_qemu.definition.guest import Guest, number, place_type
from virtloom_qemu.settings import Settings

IN_SLOTS = ("dimm", "nvdimm")
WITHOUT_CELL = ("virtio-pmem", "sgx-epc")
# By model: the device that QEMU needs for it, and how libvirt says that it lacks.
DEVICES = {
    "dimm": ("pc-dimm", "memory hotplug isn't supported by this QEMU binary"),
    "nvdimm": ("nvdimm", "nvdimm isn't supported by this QEMU binary"),
    "virtio-pmem": ("virtio-pmem-pci", "virtio-pmem isn't supported by this QEMU binary"),
    "virtio-mem": ("virtio-mem-pci", "virtio-mem isn't supported by this QEMU binary"),
}


def hotplug(guest: Guest) -> None:
    """Modules fit in what the guest may have at most (`qemuDomainDefValidateMemoryHotplug`)."""
    maximum, modules = guest.root.find("maxMemory"), guest.all("memory")
    if maximum is None:
        if modules:
            raise unsupported("cannot use/hotplug a memory device when domain 'maxMemory' is not defined")
        return
    cells = guest.root.find("cpu/numa")
    if cells is None:
        raise unsupported("At least one numa node has to be configured when enabling memory hotplug")
    if len(modules) > number(maximum, "slots"):
        slots = maximum.get("slots")
        raise unsupported(f"memory device count '{len(modules)}' exceeds slots count '{slots}'")
    for one in modules:
        _placed(one, number(maximum, "slots"))
    plugged = sum(size(one) for one in modules)
    total = guest.root.need("memory")
    if plugged > int(maximum.text) - (int(total.text) - plugged):
        raise unsupported("memory device total size exceeds hotplug space")


def size(module: Node) -> int:
    """The size of a module in KiB."""
    node = module.find("target/size")
    return int(node.text) if node is not None and node.text.isdigit() else 0


def _placed(module: Node, slots: int) -> None:
    model, kind = module.get("model"), place_type(module)
    if model in IN_SLOTS and kind not in (None, "dimm"):
        raise unsupported("only 'dimm' addresses are supported for the pc-dimm device")
    if model in ("virtio-pmem", "virtio-mem") and kind not in (None, "pci"):
        raise unsupported(f"only 'pci' addresses are supported for the {model} device")
    if model not in WITHOUT_CELL and module.find("target/node") is None:
        raise unsupported("target NUMA node needs to be specified for memory device")
    slot = number(module.find("address"), "slot")
    if model in IN_SLOTS and kind == "dimm" and slot >= slots:
        raise unsupported(f"memory device slot '{slot}' exceeds slots count '{slots}'")


def module(guest: Guest, settings: Settings, device: Node) -> None:
    """QEMU has such a module, and the guest the cell that it is for (`virDomainMemoryDefValidate`)."""
    node, numa = device.find("target/node"), guest.root.find("cpu/numa")
    cells = len(list(numa.all("cell"))) if numa is not None else 0
    if node is not None and not cells:
        raise _detail("can't add memory backend as guest has no NUMA nodes configured")
    if node is not None and node.text.isdigit() and int(node.text) >= cells:
        detail = f"can't add memory backend for guest node '{node.text}' as the guest has only '{cells}' NUMA nodes "
        raise _detail(f"{detail}configured")
    model = device.get("model") or ""
    if model == "sgx-epc":
        raise unsupported("sgx epc isn't supported by this QEMU binary")
    needed, detail = DEVICES[model]
    if not guest.emulator.has(needed):
        raise unsupported(detail)


def _detail(detail: str) -> VirtError:
    return VirtError(ErrorCode.XML_DETAIL, detail, ErrorDomain.DOMAIN)


def backing(guest: Guest) -> None:
    """Huge pages go with how memory is taken (`qemuValidateDomainDefMemory`)."""
    if guest.root.find("memoryBacking/hugepages") is None:
        return
    if guest.root.value("memoryBacking/allocation", "mode") == "ondemand":
        raise unsupported("hugepages are not allowed with memory allocation ondemand")
    if guest.root.value("memoryBacking/source", "type") == "anonymous":
        raise unsupported("hugepages are not allowed with anonymous memory source")


def shared(guest: Guest, what: str) -> None:
    """Refuse what needs memory that another process can see, if the guest's cannot be."""
    general = guest.root.value("memoryBacking/access", "mode") == "shared"
    numa = guest.root.find("cpu/numa")
    cells = list(numa.all("cell")) if numa is not None else []
    each = [cell.get("memAccess") or ("shared" if general else None) for cell in cells]
    if any(access != "shared" for access in each) or (not cells and not general):
        raise unsupported(f"'{what}' requires shared memory")
