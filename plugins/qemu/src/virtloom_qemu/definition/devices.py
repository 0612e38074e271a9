"""What devices are that do not say: models, drivers and targets (`qemuDomainDeviceDefPostParse`)."""

from __future__ import annotations

from collections.abc import Callable

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom_qemu.definition.guest import Guest, number

QXL_MEMORY = 16 * 1024  # KiB, what the primary surface of a QXL card has
SHMEM_SIZE = 4  # MiB
USB_PORTS_MAX = 15  # of an xHCI controller
SERIAL_MODELS = {
    "isa-serial": "isa-serial", "usb-serial": "usb-serial", "pci-serial": "pci-serial", "isa-debug": "isa-debugcon",
    "spapr-vio-serial": "spapr-vty", "sclp-serial": "sclpconsole",
}  # fmt: skip
INTERFACE_CHOICE = ("rtl8139", "e1000", "virtio-net-pci")
SCSI_CHOICE = (("lsi53c895a", "lsilogic"), ("virtio-scsi-pci", "virtio-scsi"))


def device_defaults(guest: Guest) -> None:
    """Fill in what devices do not say.

    :raises VirtError: CONFIG_UNSUPPORTED for what no QEMU guest can have.
    """
    for device in guest.devices.children:
        default_of(guest, device)


def default_of(guest: Guest, device: Node) -> None:
    """Fill in what one device does not say.

    :raises VirtError: CONFIG_UNSUPPORTED for what no QEMU guest can have.
    """
    step = STEPS.get(device.tag)
    if step is not None:
        step(guest, device)


def _disk(guest: Guest, disk: Node) -> None:
    driver = disk.find("driver")
    if driver is None:
        driver = Node("driver")
        disk.children.insert(0, driver)
    kind = {} if disk.get("type") == "volume" else {"type": "raw"}
    driver.attrs = {"name": "qemu", **kind, **driver.attrs}
    for encryption in (one for one in _below(disk, "encryption") if one.get("engine") is None):
        encryption.attrs["engine"] = "qemu"


def _below(node: Node, tag: str) -> list[Node]:
    return [one for child in node.children for one in ([child] if child.tag == tag else []) + _below(child, tag)]


def _interface(guest: Guest, interface: Node) -> None:
    if interface.get("type") == "hostdev" or interface.value("model", "type") is not None:
        return
    device = next((one for one in INTERFACE_CHOICE if guest.emulator.has(one)), INTERFACE_CHOICE[0])
    model = "virtio" if interface.get("type") == "vdpa" or device == "virtio-net-pci" else device
    interface.need("model").attrs["type"] = model


def _controller(guest: Guest, controller: Node) -> None:
    kind = controller.get("type")
    if kind == "scsi" and controller.get("model") in (None, "auto"):
        controller.attrs["model"] = _scsi_model(guest, controller)
    elif kind == "usb":
        _usb(guest, controller)
    elif kind == "pci":
        _pci(guest, controller)


def _scsi_model(guest: Guest, controller: Node) -> str:
    found = next((model for device, model in SCSI_CHOICE if guest.emulator.has(device)), None)
    if found is None:
        detail = f"Unable to determine model for SCSI controller idx={number(controller, 'index')}"
        raise VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.QEMU)
    return found


def _usb(guest: Guest, controller: Node) -> None:
    if controller.get("model") is None and guest.emulator.has("piix3-usb-uhci"):
        controller.attrs["model"] = "piix3-uhci"
    model = controller.get("model")
    if model in ("qusb1", "qusb2"):
        raise _unsupported(f"USB controller model type 'qusb1' or 'qusb2' is not supported in {guest.type}")
    if model in ("nec-xhci", "qemu-xhci") and number(controller, "ports") > USB_PORTS_MAX:
        raise _unsupported(f"'{model}' controller only supports up to '{USB_PORTS_MAX}' ports")


def _pci(guest: Guest, controller: Node) -> None:
    model, index = controller.get("model"), number(controller, "index")
    if model in ("pci-root", "pcie-root") and index:
        detail = "pci-root and pcie-root controllers should have index 0"
        raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.QEMU)
    if model == "pci-expander-bus" and not guest.is_i440fx:
        raise _unsupported("pci-expander-bus controllers are only supported on 440fx-based machinetypes")
    if model == "pcie-expander-bus" and not guest.is_q35:
        raise _unsupported("pcie-expander-bus controllers are not supported with this machine type")
    numa = guest.root.find("cpu/numa")
    cells = len(list(numa.all("cell"))) if numa is not None else 0
    node = controller.find("target/node")
    if node is not None and node.text.isdigit() and int(node.text) >= cells:
        detail = (
            f"{model} with index {index} is configured for a NUMA node ({node.text}) not present in the domain's "
            f"<cpu><numa> array ({cells})"
        )
        raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.QEMU)


def _serial(guest: Guest, serial: Node) -> None:
    target = serial.need("target")
    target.attrs = {"type": "isa-serial", **target.attrs} if guest.is_x86 else target.attrs
    model = SERIAL_MODELS.get(target.get("type") or "")
    if target.find("model") is None and model is not None:
        target.add("model", {"name": model})


def _shmem(guest: Guest, shmem: Node) -> None:
    model = shmem.value("model", "type") or "ivshmem"
    size, server, msi = shmem.find("size"), shmem.find("server"), shmem.find("msi")
    if model != "ivshmem-doorbell" and size is None:
        shmem.children.insert(1, Node("size", {"unit": "M"}, str(SHMEM_SIZE)))
    if model == "ivshmem":
        return
    if server is None:
        if model == "ivshmem-doorbell":
            raise _unsupported(f"shmem model '{model}' is supported only with server option enabled")
        return
    if model == "ivshmem-plain":
        raise _unsupported(f"shmem model '{model}' is supported only with server option disabled")
    if size is not None:
        raise _unsupported(f"shmem model '{model}' does not support size setting")
    if msi is None:
        msi = shmem.add("msi")
    msi.attrs.setdefault("ioeventfd", "on")


def _video(guest: Guest, video: Node) -> None:
    model = video.find("model")
    if model is not None and model.get("type") == "qxl":
        model.attrs.setdefault("vgamem", str(QXL_MEMORY))


def _hostdev(guest: Guest, hostdev: Node) -> None:
    if hostdev.get("type") == "mdev" and hostdev.get("model") == "vfio-pci":
        hostdev.attrs.setdefault("display", "off")


def _vsock(guest: Guest, vsock: Node) -> None:
    vsock.attrs.setdefault("model", "virtio")


def _tpm(guest: Guest, tpm: Node) -> None:
    tpm.attrs = {"model": "tpm-tis", **tpm.attrs}
    backend = tpm.find("backend")
    if backend is not None and backend.get("type") == "emulator":
        backend.attrs.setdefault("version", "2.0" if tpm.get("model") == "tpm-crb" else "1.2")


def _panic(guest: Guest, panic: Node) -> None:
    panic.attrs.setdefault("model", "isa")


def _unsupported(detail: str) -> VirtError:
    return VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.QEMU)


STEPS: dict[str, Callable[[Guest, Node], None]] = {
    "disk": _disk,
    "interface": _interface,
    "controller": _controller,
    "serial": _serial,
    "shmem": _shmem,
    "video": _video,
    "hostdev": _hostdev,
    "vsock": _vsock,
    "tpm": _tpm,
    "panic": _panic,
}
