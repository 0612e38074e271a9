"""What each device plugs into on the PCI (`qemuDomainDeviceCalculatePCIConnectFlags`)."""

from __future__ import annotations

from collections.abc import Callable

from virtloom.xmldef.document import Node
from virtloom_qemu.definition.addresses.slots import CONTROLLERS, Connect
from virtloom_qemu.definition.guest import has_pci

PCI = Connect.PCI | Connect.AUTO
PCIE = Connect.PCIE | Connect.AUTO
NOWHERE = 0
TRANSITIONAL = "virtio-transitional"
USB_ON_PCIE = ("nec-xhci", "qemu-xhci")
USB_NOWHERE = ("none", "qusb1", "qusb2")
SOUND_ON_PCI = ("es1370", "ac97", "ich6", "ich9")
VIDEO_NOWHERE = ("none", "ramfb", "gop", "default")


def needs_of(device: Node, pcie: bool) -> int:
    """What a device needs, as bits of `Connect`; none if it does not sit on the PCI.

    :param pcie: whether the guest's root bus is PCI Express.
    """
    rule = RULES.get(device.tag)
    return NOWHERE if rule is None else rule(device, PCIE if pcie else PCI)


def _virtio(device: Node, native: int) -> int:
    """A virtio device: of the older kind if it has to look like one."""
    return PCI if device.get("model") == TRANSITIONAL else native


def _controller(device: Node, native: int) -> int:
    kind, model = device.get("type"), device.get("model") or ""
    if kind == "pci":
        return CONTROLLERS.get(model, NOWHERE)
    if kind == "usb":
        if model in USB_NOWHERE:
            return NOWHERE
        return native if model in USB_ON_PCIE else PCI
    if kind == "scsi":
        if model == "ncr53c90":
            return NOWHERE
        return native if model in ("virtio-scsi", "virtio-non-transitional") else PCI
    if kind == "virtio-serial":
        return _virtio(device, native)
    return PCI if kind in ("sata", "ide") else NOWHERE


def _interface(device: Node, native: int) -> int:
    model = device.value("model", "type")
    if device.get("type") == "hostdev" or model == "usb-net":
        return _hostdev(device, native) if device.get("type") == "hostdev" else NOWHERE
    if model in ("virtio", "virtio-non-transitional", "e1000e") or model not in KNOWN_INTERFACES:
        return native
    return PCI


KNOWN_INTERFACES = (
    "netfront", "rtl8139", "virtio", "e1000", "e1000e", TRANSITIONAL, "virtio-non-transitional", "usb-net",
    "spapr-vlan", "lan9118", "scm91c111", "vlance", "vmxnet", "vmxnet2", "vmxnet3", "Am79C970A", "Am79C973", "82540EM",
    "82545EM", "82543GC",
)  # fmt: skip


def _disk(device: Node, native: int) -> int:
    return _virtio(device, native) if device.value("target", "bus") == "virtio" else NOWHERE


def _hostdev(device: Node, native: int) -> int:
    kind = device.get("type")
    if device.tag == "hostdev" and kind not in ("pci", "mdev", "scsi_host"):
        return NOWHERE
    if has_pci(device) or kind != "scsi_host":
        return native
    return _virtio(device, native)


def _sound(device: Node, native: int) -> int:
    return PCI if device.get("model") in SOUND_ON_PCI else NOWHERE


def _balloon(device: Node, native: int) -> int:
    return NOWHERE if device.get("model") in (None, "none", "xen") else _virtio(device, native)


def _video(device: Node, native: int) -> int:
    model = device.value("model", "type")
    if model in VIDEO_NOWHERE:
        return NOWHERE
    return native if model in ("virtio", "bochs") else PCI


def _input(device: Node, native: int) -> int:
    return _virtio(device, native) if device.get("bus") == "virtio" else NOWHERE


def _serial(device: Node, native: int) -> int:
    return PCI if device.value("target", "type") == "pci-serial" else NOWHERE


def _iommu(device: Node, native: int) -> int:
    return native | Connect.INTEGRATED if device.get("model") == "virtio" else NOWHERE


def _memory(device: Node, native: int) -> int:
    return native if device.get("model") in ("virtio-pmem", "virtio-mem") else NOWHERE


def _watchdog(device: Node, native: int) -> int:
    return PCI if device.get("model") == "i6300esb" else NOWHERE


RULES: dict[str, Callable[[Node, int], int]] = {
    "controller": _controller,
    "filesystem": _virtio,
    "interface": _interface,
    "sound": _sound,
    "disk": _disk,
    "hostdev": _hostdev,
    "memballoon": _balloon,
    "rng": _virtio,
    "watchdog": _watchdog,
    "video": _video,
    "shmem": lambda device, native: PCI,
    "input": _input,
    "serial": _serial,
    "iommu": _iommu,
    "vsock": _virtio,
    "memory": _memory,
}
