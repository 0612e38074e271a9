"""What libvirt fills in after parsing, for every driver (`virDomainDefPostParse`): a small function for each thing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import (
    Address,
    CharDevice,
    CharTarget,
    Controller,
    Disk,
    Graphics,
    Input,
    Listen,
    Video,
    VideoModel,
)
from virtloom.xmldef.domain.parts import Boot, Clock, Os, Vcpu

# The bus that a disk's name stands for (`virDomainDiskDefAssignBus`).
BUS_OF_PREFIX = {"fd": "fdc", "sd": "scsi", "hd": "ide", "vd": "virtio", "xvd": "xen", "ubd": "uml"}
# Units on one controller of a bus, and buses on it (`virDomainDiskDefAssignAddress`).
DISK_CONTROLLERS = {"ide": ("ide", 2, 2), "sata": ("sata", 6, 1), "scsi": ("scsi", 7, 1), "fdc": ("fdc", 2, 1)}
VIDEO_MEMORY = {"cirrus": 16384, "vga": 16384, "vmvga": 16384, "gop": 16384, "vbox": 8192, "xen": 4096, "qxl": 65536}


def memory(domain: Domain) -> Domain:
    """The guest has now what it has at most, unless told otherwise; never more."""
    total = domain.memory
    if not total:
        detail = "Memory size must be specified via <memory> or in the <numa> configuration"
        raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.DOMAIN)
    current = min(domain.current_memory or total, total)
    return domain.replace(current_memory=current)


def vcpus(domain: Domain) -> Domain:
    """One processor, placed by the host's kernel."""
    vcpu = domain.vcpu or Vcpu()
    if vcpu.maximum == 0:
        raise VirtError(ErrorCode.INTERNAL_ERROR, "CPU IDs in <numa> exceed the <vcpu> count", ErrorDomain.DOMAIN)
    if vcpu.current is not None and vcpu.current > vcpu.maximum:
        detail = "maximum vCPU count must not be less than current vCPU count"
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.DOMAIN)
    current = None if vcpu.current == vcpu.maximum else vcpu.current
    return domain.replace(vcpu=vcpu.replace(placement=vcpu.placement or "static", current=current))


def boot(domain: Domain) -> Domain:
    """A guest with a BIOS boots from its first disk."""
    os = domain.os or Os()
    bootable: tuple[Any, ...] = (*domain.parts.disks, *domain.parts.interfaces, *domain.parts.hostdevs)
    ordered = any(device.boot is not None for device in bootable)
    ordered = ordered or any(device.find("boot") for device in domain.parts.redirdevs)
    if os.boot or ordered or os.type is None or os.type.name != "hvm":
        return domain
    return domain.replace(os=os.replace(boot=(Boot(dev="hd"),)))


def clock(domain: Domain) -> Domain:
    """The clock shows UTC, and what happens at the guest's end is what libvirt chose."""
    return domain.replace(
        clock=domain.clock or Clock(),
        on_poweroff=domain.on_poweroff or "destroy",
        on_reboot=domain.on_reboot or "restart",
        on_crash=domain.on_crash or "destroy",
    )


def disk_buses(domain: Domain) -> Domain:
    """A disk's bus is told by its name, if it is not told."""

    def with_bus(disk: Disk) -> Disk:
        if disk.target is None or disk.target.dev is None or disk.target.bus is not None:
            return disk
        dev = disk.target.dev
        bus = "fdc" if disk.device == "floppy" else "ide"
        bus = next((bus for prefix, bus in BUS_OF_PREFIX.items() if dev.startswith(prefix)), bus)
        return disk.replace(target=disk.target.replace(bus=bus))

    return domain.with_devices(disks=tuple(with_bus(disk) for disk in domain.parts.disks))


def disk_index(name: str) -> int | None:
    """The number in a disk's name: `vda` is 0, `vdaa` 26 (`virDiskNameToIndex`)."""
    prefix = next((p for p in (*BUS_OF_PREFIX, "mmcblk") if name.startswith(p)), None)
    letters = name[len(prefix) :].rstrip("0123456789") if prefix else ""
    if not letters or not letters.isascii() or not letters.islower():
        return None
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - ord("a") + 1
    return index - 1


def disk_addresses(domain: Domain) -> Domain:
    """A disk on a bus with drives sits where its name says."""

    def with_address(disk: Disk) -> Disk:
        bus = disk.target.bus if disk.target else None
        index = disk_index(disk.name)
        if disk.address is not None or index is None or bus not in DISK_CONTROLLERS:
            return disk
        _, units, buses = DISK_CONTROLLERS[bus]
        controller, rest = divmod(index, units * buses)
        drive = {"bus": str(rest // units), "target": "0", "unit": str(rest % units)}
        return disk.replace(address=Address(type="drive", controller=controller, **drive))

    return domain.with_devices(disks=tuple(with_address(disk) for disk in domain.parts.disks))


def disk_order(domain: Domain) -> Domain:
    """Disks stand by bus as they were first named, and on a bus by their place (`virDomainDiskInsert`)."""
    placed: list[Disk] = []
    for disk in domain.parts.disks:
        at = None
        mine = (disk.target.bus if disk.target else None, disk_index(disk.name))
        for place in range(len(placed) - 1, -1, -1):
            other = placed[place]
            theirs = (other.target.bus if other.target else None, disk_index(other.name))
            if theirs[0] == mine[0]:
                if (mine[1] or 0) >= (theirs[1] or 0):
                    at = place + 1
                    break
                at = place
        placed.insert(len(placed) if at is None else at, disk)
    return domain.with_devices(disks=tuple(placed))


def controllers(domain: Domain) -> Domain:
    """Controllers are numbered, and those that devices sit on are there."""
    numbered: list[Controller] = []
    for controller in domain.parts.controllers:
        index = controller.index
        if index is None:
            taken = {other.index for other in domain.parts.controllers if other.type == controller.type}
            taken |= {other.index for other in numbered if other.type == controller.type}
            index = next(number for number in range(len(taken) + 1) if number not in taken)
        numbered.append(controller.replace(index=index))
    for kind, index in _needed(domain):
        for number in range(index + 1):
            if not any(other.type == kind and other.index == number for other in numbered):
                numbered.append(Controller(type=kind, index=number))
    return domain.with_devices(controllers=tuple(sorted_controllers(numbered)))


ORDER = ("ide", "fdc", "scsi", "sata", "virtio-serial", "ccid", "usb", "pci", "xenbus", "isa")


def sorted_controllers(numbered: list[Controller]) -> list[Controller]:
    """By kind as they were first named, and by number within a kind (`virDomainControllerInsert`)."""
    placed: list[Controller] = []
    for controller in numbered:
        at = len(placed)
        for place in range(len(placed) - 1, -1, -1):
            other = placed[place]
            if other.type == controller.type:
                if (controller.index or 0) >= (other.index or 0):
                    at = place + 1
                    break
                at = place
        placed.insert(at, controller)
    return placed


def _needed(domain: Domain) -> list[tuple[str, int]]:
    """The controllers that devices sit on: kind and highest number."""
    found: list[tuple[str, int]] = []
    for bus in ("scsi", "ide", "fdc", "sata"):
        kind = DISK_CONTROLLERS[bus][0]
        used = [
            disk.address.controller or 0
            for disk in domain.parts.disks
            if disk.target is not None and disk.target.bus == bus and disk.address is not None
            and disk.address.type == "drive"
        ]  # fmt: skip
        if used:
            found.append((kind, max(used)))
    serial = [
        device
        for device in (*domain.parts.channels, *domain.parts.consoles)
        if device.target is not None and device.target.type == "virtio"
    ]
    if serial:
        found.append(("virtio-serial", max(int((d.address and d.address.get("controller")) or 0) for d in serial)))
    if domain.parts.smartcards:
        found.append(("ccid", 0))
    return found


def graphics(domain: Domain) -> Domain:
    """A display says where it listens, and whether its port is chosen for it."""

    def completed(one: Graphics) -> Graphics:
        if one.type not in ("vnc", "spice", "rdp"):
            return one
        listens = one.listens
        if not listens and one.socket is not None:
            listens = (Listen(type="socket", socket=one.socket),)
        if not listens:
            listens = (Listen(type="address", address=one.listen_attribute),)
        first = listens[0]
        if first.type in ("socket", "none"):
            return one.replace(listens=listens, socket=first.socket, port=None, autoport=None, listen_attribute=None)
        shown = first.address if first.type == "address" else None
        return one.replace(listens=listens, listen_attribute=shown, **_port(one))

    def _port(one: Graphics) -> dict[str, Any]:
        """A port that is not given is chosen at the start."""
        given = bool(one.port and one.port > 0)
        if one.type == "spice":
            chosen = bool(one.autoport) or (one.port in (None, -1) and one.tls_port in (None, -1))
            hidden = chosen or one.port in (0, -1)
            return {"autoport": chosen, "port": None if hidden else one.port}
        chosen = bool(one.autoport) or not given
        return {"autoport": chosen, "port": -1 if chosen and one.type == "vnc" else (None if chosen else one.port)}

    return domain.with_devices(graphics=tuple(completed(one) for one in domain.parts.graphics))


def inputs(domain: Domain) -> Domain:
    """A guest with a display has a mouse and a keyboard of the PC's."""
    given = tuple(device if device.bus is not None else _with_bus(device) for device in domain.parts.inputs)
    if domain.parts.graphics:
        for kind in ("mouse", "keyboard"):
            if not any(device.type == kind and device.bus == "ps2" for device in given):
                given = (*given, Input(type=kind, bus="ps2"))
    return domain.with_devices(inputs=given)


def _with_bus(device: Input) -> Input:
    bus = {"mouse": "ps2", "keyboard": "ps2", "tablet": "usb"}.get(device.type)
    return device.replace(bus=bus) if bus else device


def videos(domain: Domain) -> Domain:
    """A guest with a display has a card; the first one is the primary."""
    cards = list(domain.parts.videos)
    if not cards and domain.parts.graphics:
        cards = [Video(model=VideoModel(type="cirrus"))]
    primary = next((n for n, card in enumerate(cards) if card.model is not None and card.model.primary), 0)
    done = []
    for number, card in enumerate(cards):
        model = card.model or VideoModel(type="cirrus")
        vram = model.vram if model.vram is not None else VIDEO_MEMORY.get(model.type or "")
        heads = model.heads if model.heads is not None or model.type == "none" else 1
        done.append(
            card.replace(model=model.replace(vram=vram, heads=heads, primary=True if number == primary else None))
        )
    done.sort(key=lambda card: not (card.model is not None and card.model.primary))
    return domain.with_devices(videos=tuple(done))


def cdroms(domain: Domain) -> Domain:
    """Who could write to a CD?"""
    disks = tuple(d.replace(readonly=True) if d.device == "cdrom" else d for d in domain.parts.disks)
    return domain.with_devices(disks=disks)


def serials(domain: Domain) -> Domain:
    """Ports are numbered, and the first serial port is also the first console (`virDomainDefAddConsoleCompat`)."""

    def numbered(devices: tuple[CharDevice, ...], kind: str | None = None) -> tuple[CharDevice, ...]:
        done = []
        for number, device in enumerate(devices):
            target = device.target or CharTarget()
            changes = {"port": target.port or str(number)} | ({"type": target.type or kind} if kind else {})
            done.append(device.replace(type=device.type or "pty", target=target.replace(**changes)))
        return tuple(done)

    parts = domain.parts
    ports, consoles = numbered(parts.serials), numbered(parts.consoles, "serial")
    if domain.os is not None and domain.os.type is not None and domain.os.type.name == "hvm":
        if consoles and not ports and consoles[0].target is not None and consoles[0].target.type == "serial":
            ports = (consoles[0].replace(target=CharTarget(port="0")),)
        if ports:
            mirrored = ports[0].replace(target=CharTarget(type="serial", port="0"), alias=None, address=None)
            if not consoles:
                consoles = (mirrored,)
            elif consoles[0].target is not None and consoles[0].target.type == "serial":
                consoles = (mirrored, *consoles[1:])
    return domain.with_devices(serials=ports, parallels=numbered(parts.parallels), consoles=consoles)


def plain_metadata(domain: Domain) -> Domain:
    """An empty `<metadata/>` says nothing."""
    node: Node | None = domain.metadata
    return domain.replace(metadata=None) if node is not None and not node.children else domain


DEFAULTS: tuple[Callable[[Domain], Domain], ...] = (
    memory,
    vcpus,
    boot,
    clock,
    disk_buses,
    disk_addresses,
    disk_order,
    cdroms,
    graphics,
    inputs,
    videos,
    serials,
    controllers,
    plain_metadata,
)
