"""Disks, interfaces, file systems and the other devices: what their readers do besides reading."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.attributes import check_interface_driver
from virtloom.xmldef.domain.cleaning.sizes import in_units
from virtloom.xmldef.domain.volumes import unlocated

# What each type of interface keeps of its `<source>` in a definition that does not run.
SOURCE_ATTRIBUTES = {
    "network": ("network", "portgroup"),
    "bridge": ("bridge",),
    "direct": ("dev", "mode"),
    "vhostuser": ("type", "path", "mode"),
    "internal": ("name",),
    "vdpa": ("dev",),
    "server": ("address", "port"),
    "client": ("address", "port"),
    "mcast": ("address", "port"),
    "udp": ("address", "port"),
}
# Models of interfaces that are known however they are spelt (`virDomainNetModelTypeFromString`).
INTERFACE_MODELS = (
    "netfront", "rtl8139", "virtio", "e1000", "e1000e", "virtio-transitional", "virtio-non-transitional", "usb-net",
    "spapr-vlan", "lan9118", "scm91c111", "vlance", "vmxnet", "vmxnet2", "vmxnet3", "Am79C970A", "Am79C973", "82540EM",
    "82545EM", "82543GC",
)  # fmt: skip
SPELLING = {model.lower(): model for model in INTERFACE_MODELS}
COMPANIONS = {"ich9-uhci1": "0", "ich9-uhci2": "2", "ich9-uhci3": "4"}
SAYING = ("driver", "acpi", "rom")  # parts of devices that are there for what they say alone
FILTERED = ("ethernet", "network", "bridge")
# Ports of servers of images that do not say theirs (`virStorageSourceNetworkDefaultPort`).
PORTS = {
    "http": "80", "https": "443", "ftp": "21", "ftps": "990", "tftp": "69", "sheepdog": "7000", "nbd": "10809",
    "ssh": "22", "iscsi": "3260", "gluster": "24007", "vxhs": "9999",
}  # fmt: skip
PLACES = {"file": "file", "block": "dev", "dir": "dir"}


FORMATS = ("raw", "dir", "bochs", "cloop", "dmg", "iso", "vpc", "vdi", "fat", "vhd", "ploop", "cow", "qcow", "qcow2",
           "qed", "vmdk")  # fmt: skip


def image_format(disk: Node) -> None:
    """The formats of images are ones that there are (`virStorageFileFormat`).

    :raises VirtError: CONFIG_UNSUPPORTED.
    """
    named = [one for one in disk.all("driver") if one.get("type") is not None]
    named += [one for layer in _below(disk, "backingStore") for one in layer.all("format")]
    for one in named:
        if one.get("type") == "aio":  # what Xen once called it
            one.attrs["type"] = "raw"
        if one.get("type") not in FORMATS:
            detail = f"unknown driver format value '{one.get('type')}'"
            raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.DOMAIN)


def image_chain(disk: Node) -> None:
    """The numbers of images in a chain, a mirror, where a volume is and the position of a tray are for one run."""
    unlocated(disk)
    disk.children = [child for child in disk.children if child.tag != "mirror"]
    _drop_index(disk)
    for tune in disk.all("iotune"):
        tune.children = [limit for limit in tune.children if limit.text.strip() != "0"]
    for layer in _below(disk, "backingStore"):
        if layer.get("type") is None:
            layer.attrs, layer.children = {}, []  # the end of the chain
    for driver in disk.all("driver"):
        driver.attrs = {name: value for name, value in driver.attrs.items() if value != "default"}
    for size in _below(disk, "max_size"):
        in_units(size, "bytes", 1)
    _drop_nowhere(disk)
    if disk.get("type") == "block" and disk.get("device") in ("cdrom", "floppy") and disk.find("source") is None:
        disk.attrs["type"] = "file"
    for target in disk.all("target"):
        if target.get("tray") == "closed":
            del target.attrs["tray"]


def _drop_nowhere(disk: Node) -> None:
    """A path that is empty is none."""
    source, name = disk.find("source"), PLACES.get(disk.get("type") or "file")
    if source is not None and name is not None and source.get(name) == "":
        del source.attrs[name]
        if not source.attrs and not source.children:
            disk.children.remove(source)


def _drop_index(node: Node) -> None:
    for child in node.children:
        if child.tag in ("source", "backingStore"):
            child.attrs.pop("index", None)
            _source(child)
            _drop_index(child)


def _source(source: Node) -> None:
    """A server over TCP, which goes without saying, names its port."""
    port = PORTS.get(source.get("protocol") or "")
    for host in source.all("host"):
        if host.get("transport") == "tcp":
            del host.attrs["transport"]
        if port is not None and host.get("transport") is None:
            host.attrs.setdefault("port", port)


def _below(node: Node, tag: str) -> list[Node]:
    direct = [child for child in node.children if child.tag == tag]
    return direct + [found for child in node.children for found in _below(child, tag)]


def secret_parts(disk: Node) -> None:
    """Who may read a source is said once: for the disk, or for its source."""
    source = disk.find("source")
    if source is None:
        return
    for tag in ("auth", "encryption"):
        if disk.find(tag) is not None and source.find(tag) is not None:
            detail = f"an <{tag}> definition already found for disk source"
            raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.DOMAIN)


def iscsi_path(device: Node) -> None:
    """An iSCSI name without a unit means unit 0 (`virDomainPostParseCheckISCSIPath`)."""
    for source in device.all("source"):
        name = source.get("name")
        if source.get("protocol") == "iscsi" and name is not None and "/" not in name:
            source.attrs["name"] = f"{name}/0"


def interface_source(interface: Node) -> None:
    """What a network gave an interface for one run is left out.

    :raises VirtError: XML_ERROR for one that says not where it is plugged in.
    """
    kind = interface.get("type") or ""
    kept = SOURCE_ATTRIBUTES.get(kind)
    source = interface.find("source")
    if kept is not None and source is None:
        detail = f"interface type='{kind}' requires a 'source' element"
        raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.DOMAIN)
    if kept is not None and source is not None:
        source.attrs = {name: value for name, value in source.attrs.items() if name in kept}


def interface_model(interface: Node) -> None:
    """Known models are written as libvirt writes them."""
    for model in interface.all("model"):
        kind = model.get("type")
        if kind is not None:
            model.attrs["type"] = SPELLING.get(kind.lower(), kind)


def interface_parts(interface: Node) -> None:
    """What only some interfaces have is dropped from the others.

    :raises VirtError: CONFIG_UNSUPPORTED for a share of a network's bandwidth where there is no network.
    """
    if interface.get("type") != "network" and interface.value("bandwidth/inbound", "floor") is not None:
        detail = "floor attribute is not supported for this config"
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.NONE)
    model = interface.find("model")
    virtio = model is not None and (model.get("type") or "").startswith("virtio")
    hostdev = interface.get("type") == "hostdev"
    for backend in interface.all("backend"):
        if not virtio:
            backend.attrs.pop("vhost", None)
    interface.children = [child for child in interface.children if _has(interface, child, virtio or hostdev)]


def _has(interface: Node, child: Node, driven: bool) -> bool:
    if child.tag == "driver":
        if driven and interface.get("type") != "hostdev":
            check_interface_driver(child)
        if child.get("queues") in ("0", "1"):
            del child.attrs["queues"]
        return driven and (interface.get("type") != "hostdev" or child.get("name") is not None)
    if child.tag == "filterref":
        return interface.get("type") in FILTERED
    if child.tag == "coalesce":
        return any((frames.get("max") or "0") != "0" for frames in _below(child, "frames"))
    return True


def managed(hostdev: Node) -> None:
    """A device of the host's is a subsystem's, and is taken from the host by whoever starts the guest."""
    hostdev.attrs.setdefault("mode", "subsystem")
    if hostdev.get("mode") == "subsystem":
        hostdev.attrs.setdefault("managed", "no")


# Where each type of file system says what it shows (`virDomainFSDefParseXML`).
SHOWN = {"mount": "dir", "block": "dev", "file": "file", "template": "name", "ram": None, "bind": "dir", "volume": None}
LIMITS = ("space_hard_limit", "space_soft_limit")


def filesystem(node: Node) -> None:
    """A directory of the host's, seen with the host's rights; one in memory has its size in KiB.

    :raises VirtError: XML_ERROR for an unknown type or size, NO_SOURCE if it shows nothing.
    """
    kind = node.attrs.setdefault("type", "mount")
    source = node.find("source")
    _shown(node, kind, source)
    node.children.sort(key=lambda child: child.tag in LIMITS)
    if source is None or source.get("socket") is None:
        node.attrs.setdefault("accessmode", "passthrough")
    if node.value("driver", "type") != "virtiofs":
        node.drop("binary")
    for name in ("fmode", "dmode"):
        if name in node.attrs:
            node.attrs[name] = node.attrs[name].zfill(4)
    usage = None if source is None else source.get("usage")
    if source is not None and usage is not None:
        size = Node("usage", {"unit": source.get("units") or "KiB"}, usage)
        in_units(size, "KiB", 1024)
        source.attrs |= {"usage": size.text, "units": "KiB"}
    for limit in (child for child in node.children if child.tag in LIMITS):
        in_units(limit, "bytes", 1)


def _shown(node: Node, kind: str, source: Node | None) -> None:
    """Refuse a file system that shows nothing."""
    if kind not in SHOWN:
        detail = f"Invalid value for attribute 'type' in element 'filesystem': '{kind}'."
        raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.XML)
    given, name = ({} if source is None else source.attrs), SHOWN[kind]
    if name is not None and name not in given and "socket" not in given:
        target = node.find("target")
        raise VirtError(ErrorCode.NO_SOURCE, None if target is None else target.get("dir"), ErrorDomain.DOMAIN)
    if kind == "ram":
        usage = given.get("usage")
        if usage is None:
            detail = "missing 'usage' attribute for RAM filesystem"
            raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.DOMAIN)
        if not (usage.isascii() and usage.isdigit()):
            detail = f"cannot parse usage '{usage}' for RAM filesystem"
            raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.DOMAIN)


MODULE_SIZES = ("target/size", "target/requested", "target/block", "target/label/size", "source/pagesize",
                "source/alignsize")  # fmt: skip


def memory_module(node: Node) -> None:
    """The sizes of a memory module are in KiB (`virDomainMemoryTargetDefParseXML`)."""
    for path in MODULE_SIZES:
        size = node.find(path)
        if size is not None:
            in_units(size, "KiB", 1024)


def entropy(rng: Node) -> None:
    """Entropy comes from /dev/random, unless told otherwise; how fast is told in bytes."""
    if rng.value("rate", "bytes") in ("", "0") or (rng.find("rate") is not None and rng.value("rate", "bytes") is None):
        rng.drop("rate")
    for backend in rng.all("backend"):
        if backend.get("model") == "random" and not backend.text:
            backend.text = "/dev/random"


def shared_memory(shmem: Node) -> None:
    """Shared memory is an `ivshmem` device; interrupts need a server."""
    if shmem.find("msi") is not None and shmem.find("server") is None:
        raise VirtError(ErrorCode.XML_ERROR, "msi option is only supported with a server", ErrorDomain.DOMAIN)
    if shmem.find("model") is None:
        shmem.children.insert(0, Node("model", {"type": "ivshmem"}))


def redirection(device: Node) -> None:
    """What is passed on is of the USB; on the message bus, its channel is called as QEMU calls it."""
    device.attrs.setdefault("bus", "usb")
    if device.get("type") == "dbus" and device.find("source") is None:
        device.add("source", {"channel": "org.qemu.usbredir"})


def without_empty(device: Node) -> None:
    """Parts about which nothing is said are not written."""
    device.children = [child for child in device.children if child.tag not in SAYING or child.attrs or child.children]


def redirection_filter(node: Node) -> None:
    """What stands for any device is left out."""
    for device in node.all("usbdev"):
        device.attrs = {name: value for name, value in device.attrs.items() if value != "-1"}


def companion(controller: Node) -> None:
    """Companions on the USB say where they begin among their master's ports (`virDomainControllerDefParseXML`)."""
    port = COMPANIONS.get(controller.get("model") or "")
    if controller.get("type") == "usb" and port is not None and controller.find("master") is None:
        controller.add("master", {"startport": port})


def pci_hole(controller: Node) -> None:
    """The hole for 64-bit memory is in KiB."""
    for hole in controller.all("pcihole64"):
        in_units(hole, "KiB", 1024)
