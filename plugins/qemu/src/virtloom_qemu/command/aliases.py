"""What QEMU's devices are called, for one run (`qemuAssignDeviceAliases`)."""

from __future__ import annotations

from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.defaults.disks import disk_index
from virtloom_qemu.definition.guest import Guest, number, place_type

# Kinds that are numbered one after the other, and what their names begin with.
NUMBERED = {
    "filesystem": "fs", "sound": "sound", "redirdev": "redir", "video": "video", "input": "input",
    "parallel": "parallel", "serial": "serial", "channel": "channel", "console": "console", "hub": "hub",
    "shmem": "shmem", "smartcard": "smartcard", "rng": "rng", "tpm": "tpm",
}  # fmt: skip
SINGLE = {"watchdog": "watchdog0", "vsock": "vsock0", "iommu": "iommu0", "memballoon": "balloon0"}
MEMORY = {"dimm": "dimm", "nvdimm": "nvdimm", "virtio-pmem": "virtiopmem", "virtio-mem": "virtiomem", "sgx-epc": "epc"}


def assign_aliases(guest: Guest) -> None:
    """Give every device without an alias one."""
    for tag, prefix in NUMBERED.items():
        runs = next_index(guest, (tag,), prefix) > 0  # names of a run are not given again to what comes later
        for index, device in enumerate(guest.all(tag)):
            name_device(device, f"{prefix}{next_index(guest, (tag,), prefix) if runs else index}")
    for tag, name in SINGLE.items():
        for device in guest.all(tag):
            if device.get("model") != "none":
                name_device(device, name)
    for disk in guest.all("disk"):
        name_device(disk, disk_alias(guest, disk))
    for controller in guest.all("controller"):
        name_device(controller, controller_alias(guest, controller))
    _interfaces(guest)
    for module in guest.all("memory"):
        prefix = MEMORY.get(module.get("model") or "", "dimm")
        in_slot = place_type(module) == "dimm"
        free = next_index(guest, ("memory",), prefix)
        name_device(module, f"{prefix}{number(module.find('address'), 'slot') if in_slot else free}")
    _mirror_console(guest)


def name_device(device: Node, name: str) -> None:
    """Give a device an alias, unless it has one; it stands before the address."""
    if device.find("alias") is None:
        tags = [child.tag for child in device.children]
        place = tags.index("address") if "address" in tags else len(tags)
        device.children.insert(place, Node("alias", {"name": name}))


def next_index(guest: Guest, tags: tuple[str, ...], prefix: str) -> int:
    """The number after the highest that devices of some kinds have in their aliases."""
    names = (one.value("alias", "name") or "" for tag in tags for one in guest.all(tag))
    numbers = (name.removeprefix(prefix) for name in names if name.startswith(prefix))
    return max((int(text) for text in numbers if text.isascii() and text.isdigit()), default=-1) + 1


def _interfaces(guest: Guest) -> None:
    devices = [*guest.all("interface"), *guest.all("hostdev")]
    for device in devices:
        given_away = device.tag == "hostdev" or device.get("type") == "hostdev"
        prefix = "hostdev" if given_away else "net"
        name_device(device, f"{prefix}{next_index(guest, ('interface', 'hostdev'), prefix)}")


def disk_alias(guest: Guest, disk: Node) -> str:
    """A disk's alias: its bus and where it sits there."""
    bus, address = disk.value("target", "bus"), disk.find("address")
    if place_type(disk) != "drive":
        return f"{bus}-disk{disk_index(disk.value('target', 'dev') or '') or 0}"
    parts = ["controller", "bus", "unit"]
    if bus == "scsi" and scsi_model(guest, disk) != "lsilogic":
        parts = ["controller", "bus", "target", "unit"]
    return f"{bus}{'-'.join(str(number(address, part)) for part in parts)}"


def scsi_model(guest: Guest, device: Node) -> str | None:
    """The model of the controller that a SCSI device is on."""
    found = guest.controllers("scsi", number(device.find("address"), "controller"))
    return found[0].get("model") if found else None


def controller_alias(guest: Guest, controller: Node) -> str:
    """A controller's alias; those of the chipset are called as QEMU calls them."""
    kind, index = controller.get("type") or "", number(controller, "index")
    if kind == "pci":
        return f"{'pcie' if controller.get('model') == 'pcie-root' else 'pci'}.{index}"
    if not index and ((kind == "ide" and guest.is_i440fx) or (kind == "sata" and guest.is_q35)):
        return "ide"
    if kind == "usb" and not index:
        return "usb"
    if kind == "scsi" and not index and controller.get("model") == "ncr53c90":
        return "scsi"
    return f"{kind}{index}"


def _mirror_console(guest: Guest) -> None:
    """The console that is the first serial port has its alias (`virDomainDefAddConsoleCompat`)."""
    serials, consoles = guest.all("serial"), guest.all("console")
    if serials and consoles and consoles[0].value("target", "type") == "serial":
        consoles[0].drop("alias")
        name_device(consoles[0], serials[0].value("alias", "name") or "serial0")
