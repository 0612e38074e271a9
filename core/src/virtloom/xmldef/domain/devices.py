"""Devices: one class for each kind that the daemon looks into; the others are kept as they were written.

Fields stand in the order in which `virDomain*DefFormat` writes them.
"""

from __future__ import annotations

from collections.abc import Callable

from virtloom.xmldef.definition import Definition, attr, child, children, computed, content, flag, leaf, raw, raws
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.volumes import actual_type
from virtloom.xmldef.values import Number, Words, mac, on_off, yes_no


class Address(Definition, tag="address"):
    """Where a device sits; which fields have a value depends on the type."""

    type: str | None = attr()
    controller: int | None = attr(Number(0))
    domain: str | None = attr()
    bus: str | None = attr()
    slot: str | None = attr()
    function: str | None = attr()
    target: str | None = attr()
    unit: str | None = attr()
    port: str | None = attr()
    multifunction: bool | None = attr(on_off)
    cssid: str | None = attr()
    ssid: str | None = attr()
    devno: str | None = attr()
    zpci: Node | None = raw()


DISK_BUSES = ("ide", "fdc", "scsi", "virtio", "xen", "usb", "uml", "sata", "sd", "none")


class DiskTarget(Definition, tag="target"):
    """What the guest sees of a disk."""

    dev: str | None = attr()
    bus: str | None = attr(Words(*DISK_BUSES))
    tray: str | None = attr(Words("closed", "open"))
    removable: bool | None = attr(on_off)
    rotation_rate: str | None = attr()


class Disk(Definition, tag="disk"):
    """A disk, a CD-ROM or a floppy drive."""

    type: str = attr(
        Words("block", "file", "dir", "network", "volume", "nvme", "vhostuser", "vhostvdpa"), default="file"
    )
    device: str = attr(Words("disk", "cdrom", "floppy", "lun"), default="disk")
    model: str | None = attr()
    rawio: bool | None = attr(yes_no)
    sgio: str | None = attr(Words("filtered", "unfiltered"))
    snapshot: str | None = attr(Words("no", "internal", "external", "manual"))
    driver: Node | None = raw()
    auth: Node | None = raw()
    source: Node | None = raw()
    backing_store: Node | None = raw("backingStore")
    backend_domain: Node | None = raw("backenddomain")
    geometry: Node | None = raw()
    blockio: Node | None = raw()
    mirror: Node | None = raw()
    target: DiskTarget | None = child(DiskTarget)
    iotune: Node | None = raw()
    readonly: bool = flag()
    shareable: bool = flag()
    transient: Node | None = raw()
    serial: str | None = leaf()
    wwn: str | None = leaf()
    vendor: str | None = leaf()
    product: str | None = leaf()
    encryption: Node | None = raw()
    boot: Node | None = raw()
    alias: Node | None = raw()
    acpi: Node | None = raw()
    address: Address | None = child(Address)

    @property
    def path(self) -> str | None:
        """The file or the block device behind it, where there is one."""
        if self.source is None:
            return None
        return self.source.get("file") or self.source.get("dev") or self.source.get("dir")

    @property
    def actual_type(self) -> str:
        """What it is: for a volume that was located, what the volume is."""
        return actual_type(self.type, self.source)

    @property
    def name(self) -> str:
        """What the guest calls it: `vda`."""
        return (self.target.dev if self.target else None) or ""

    def without_cookies(self) -> Disk:
        """Another definition, without the cookies that a source on the web wants."""
        if self.source is None or self.source.find("cookies") is None:
            return self
        source = Node(self.source.tag, self.source.attrs, self.source.text, self.source.line)
        source.children = [child for child in self.source.children if child.tag != "cookies"]
        return self.replace(source=source)


class Controller(Definition, tag="controller"):
    """A controller that other devices sit on."""

    type: str | None = attr(Words("ide", "fdc", "scsi", "sata", "virtio-serial", "ccid", "usb", "pci", "xenbus", "isa"))
    index: int | None = attr(Number(0))
    model: str | None = attr()
    ports: str | None = attr()
    vectors: str | None = attr()
    max_grant_frames: str | None = attr(xml="maxGrantFrames")
    max_event_channels: str | None = attr(xml="maxEventChannels")
    pcihole64: Node | None = raw()
    model_element: Node | None = raw("model")
    target: Node | None = raw()
    driver: Node | None = raw()
    alias: Node | None = raw()
    master: Node | None = raw()
    address: Node | None = raw()


INTERFACE_TYPES = (
    "user", "ethernet", "vhostuser", "server", "client", "mcast", "network", "bridge", "internal", "direct", "hostdev",
    "udp", "vdpa", "null", "vds",
)  # fmt: skip


class Mac(Definition, tag="mac"):
    """A MAC address, and how it came about."""

    address: str | None = attr(mac)
    type: str | None = attr(Words("generated", "static"))
    check: bool | None = attr(yes_no)


class Target(Definition, tag="target"):
    """The host's end of an interface."""

    dev: str | None = attr()
    managed: bool | None = attr(yes_no)


def _driver_of(hostdev: bool) -> Callable[[Node], Node | None]:
    """A reader of `<driver>`, which stands in another place if the interface is a device of the host's."""
    return lambda node: node.find("driver") if (node.get("type") == "hostdev") is hostdev else None


def _write_driver(value: Node, node: Node) -> None:
    node.children.append(value)


class Interface(Definition, tag="interface"):
    """A network interface of the guest."""

    type: str = attr(Words(*INTERFACE_TYPES), default="ethernet")
    managed: bool | None = attr(yes_no)
    trust: str | None = attr(xml="trustGuestRxFilters")
    mac: Mac | None = child(Mac)
    host_driver: Node | None = computed(_driver_of(hostdev=True), _write_driver)
    source: Node | None = raw()
    vlan: Node | None = raw()
    virtualport: Node | None = raw()
    bandwidth: Node | None = raw()
    port: Node | None = raw()
    ip: tuple[Node, ...] = raws()
    route: tuple[Node, ...] = raws()
    script: Node | None = raw()
    downscript: Node | None = raw()
    backend_domain: Node | None = raw("backenddomain")
    target: Target | None = child(Target)
    guest: Node | None = raw()
    model: Node | None = raw()
    driver: Node | None = computed(_driver_of(hostdev=False), _write_driver)
    backend: Node | None = raw()
    filterref: Node | None = raw()
    tune: Node | None = raw()
    teaming: Node | None = raw()
    link: Node | None = raw()
    mtu: Node | None = raw()
    coalesce: Node | None = raw()
    boot: Node | None = raw()
    alias: Node | None = raw()
    rom: Node | None = raw()
    acpi: Node | None = raw()
    address: Node | None = raw()


CHARDEV_TYPES = (
    "null", "vc", "pty", "dev", "file", "pipe", "stdio", "udp", "tcp", "unix", "spicevmc", "spiceport", "nmdm",
    "qemu-vdagent", "dbus",
)  # fmt: skip


class CharTarget(Definition, tag="target"):
    """The guest's end of a character device."""

    type: str | None = attr()
    name: str | None = attr()
    address: str | None = attr()
    port: str | None = attr()
    state: str | None = attr()
    model: Node | None = raw()


class CharDevice(Definition):
    """A serial or parallel port, a console or a channel; the tag says which."""

    type: str | None = attr(Words(*CHARDEV_TYPES))
    tty: str | None = attr()
    source: tuple[Node, ...] = raws()
    protocol: Node | None = raw()
    log: Node | None = raw()
    clipboard: Node | None = raw()
    mouse: Node | None = raw()
    target: CharTarget | None = child(CharTarget)
    alias: Node | None = raw()
    acpi: Node | None = raw()
    address: Node | None = raw()


class Input(Definition, tag="input"):
    """A keyboard, a mouse, a tablet."""

    type: str = attr(Words("mouse", "tablet", "keyboard", "passthrough", "evdev"), required=True)
    bus: str | None = attr(Words("ps2", "usb", "xen", "parallels", "virtio", "none"))
    model: str | None = attr()
    driver: Node | None = raw()
    source: Node | None = raw()
    alias: Node | None = raw()
    acpi: Node | None = raw()
    address: Node | None = raw()


class Listen(Definition, tag="listen"):
    """Where a display is served."""

    type: str | None = attr(Words("none", "address", "network", "socket"))
    address: str | None = attr()
    network: str | None = attr()
    socket: str | None = attr()


class Graphics(Definition, tag="graphics"):
    """A display."""

    type: str = attr(Words("sdl", "vnc", "rdp", "desktop", "spice", "egl-headless", "dbus"), required=True)
    socket: str | None = attr()
    port: int | None = attr(Number(-(1 << 31), (1 << 31) - 1))
    tls_port: int | None = attr(Number(-(1 << 31), (1 << 31) - 1), xml="tlsPort")
    autoport: bool | None = attr(yes_no)
    websocket: int | None = attr(Number(-(1 << 31), (1 << 31) - 1))
    websocket_generated: str | None = attr(xml="websocketGenerated")
    listen_attribute: str | None = attr(xml="listen")
    keymap: str | None = attr()
    display: str | None = attr()
    xauth: str | None = attr()
    fullscreen: bool | None = attr(yes_no)
    replace_user: bool | None = attr(yes_no, xml="replaceUser")
    multi_user: bool | None = attr(yes_no, xml="multiUser")
    default_mode: str | None = attr(xml="defaultMode")
    share_policy: str | None = attr(xml="sharePolicy")
    power_control: bool | None = attr(yes_no, xml="powerControl")
    p2p: bool | None = attr(yes_no)
    address: str | None = attr()
    passwd: str | None = attr()
    passwd_valid_to: str | None = attr(xml="passwdValidTo")
    connected: str | None = attr()
    listens: tuple[Listen, ...] = children(Listen, "listen")
    channel: tuple[Node, ...] = raws()
    image: Node | None = raw()
    jpeg: Node | None = raw()
    zlib: Node | None = raw()
    playback: Node | None = raw()
    streaming: Node | None = raw()
    mouse: Node | None = raw()
    clipboard: Node | None = raw()
    filetransfer: Node | None = raw()
    gl: Node | None = raw()
    audio: Node | None = raw()


class VideoModel(Definition, tag="model"):
    """What card the guest sees; memory in KiB."""

    type: str | None = attr(
        Words("default", "vga", "cirrus", "vmvga", "xen", "vbox", "qxl", "parallels", "virtio", "gop", "none", "bochs",
              "ramfb")
    )  # fmt: skip
    ram: int | None = attr(Number(0))
    vram: int | None = attr(Number(0))
    vram64: int | None = attr(Number(0))
    vgamem: int | None = attr(Number(0))
    heads: int | None = attr(Number(0))
    primary: bool | None = attr(yes_no)
    blob: bool | None = attr(on_off)
    acceleration: Node | None = raw()
    resolution: Node | None = raw()


class Video(Definition, tag="video"):
    """A graphics card."""

    driver: Node | None = raw()
    model: VideoModel | None = child(VideoModel)
    alias: Node | None = raw()
    acpi: Node | None = raw()
    address: Node | None = raw()


class Hostdev(Definition, tag="hostdev"):
    """A device of the host's, given to the guest."""

    mode: str | None = attr(Words("subsystem", "capabilities"), default="subsystem")
    type: str | None = attr(Words("usb", "pci", "scsi", "scsi_host", "mdev", "storage", "misc", "net"), required=True)
    managed: bool | None = attr(yes_no)
    sgio: str | None = attr()
    rawio: bool | None = attr(yes_no)
    model: str | None = attr()
    display: bool | None = attr(on_off)
    ramfb: bool | None = attr(on_off)
    driver: Node | None = raw()
    source: Node | None = raw()
    teaming: Node | None = raw()
    ip: tuple[Node, ...] = raws()
    route: tuple[Node, ...] = raws()
    readonly: bool = flag()
    shareable: bool = flag()
    boot: Node | None = raw()
    alias: Node | None = raw()
    rom: Node | None = raw()
    acpi: Node | None = raw()
    address: Node | None = raw()


class Emulator(Definition, tag="emulator"):
    """The program that runs the guest."""

    path: str = content(default="")
