"""Kinds of devices that can come and go: where a definition has them, and what tells one from the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom_qemu.definition.guest import number

CHARACTERS = ("serial", "parallel", "console", "channel")


def value(node: Node, path: str) -> str | None:
    """What stands at `element@attribute`, at `attribute` of the element itself, or as text in `element#`."""
    element, mark, attribute = path.partition("@")
    if path.endswith("#"):
        found = node.find(path[:-1])
        return None if found is None else found.text.strip()
    return node.value(element, attribute) if mark else node.get(path)


class Lack(NamedTuple):
    """The error for a device that is not there.

    :ivar words: with `%s` for what stands at each of the paths, or made of the document.
    """

    words: str | Callable[[Node], str]
    paths: tuple[str, ...] = ()
    code: ErrorCode = ErrorCode.DEVICE_MISSING
    domain: ErrorDomain = ErrorDomain.QEMU

    def error(self, node: Node) -> VirtError:
        """The error for the device that a document describes."""
        if callable(self.words):
            return VirtError(self.code, self.words(node), self.domain)
        return VirtError(self.code, self.words % tuple(value(node, path) for path in self.paths), self.domain)


class Kind(NamedTuple):
    """One kind of device.

    :ivar field: where a definition has them.
    :ivar marks: what tells one from the others; of all of it, a document that means one says the same.
    :ivar gone: the error for one that is not kept; :ivar gone_live: for one that a running guest does not have.
    :ivar there: what is said of a second one with the same marks, where that cannot be; of the last mark.
    :ivar hints: what a document may say besides, in capitals or not.
    """

    field: str
    marks: tuple[str, ...]
    gone: Lack
    gone_live: Lack
    there: str | None = None
    hints: tuple[str, ...] = ()


def _no_hostdev(node: Node) -> str:
    source = node.find("source")
    place = source.find("address") if source is not None else None
    if node.get("type") == "pci":
        numbers = [number(place, name) for name in ("domain", "bus", "slot", "function")]
        return "host pci device {:04x}:{:02x}:{:02x}.{:x} not found".format(*numbers)
    if node.get("type") == "usb" and place is not None:
        return f"host usb device {number(place, 'bus'):03d}.{number(place, 'device'):03d} not found"
    if node.get("type") == "usb" and source is not None:
        vendor, product = (number(source.find(name), "id") for name in ("vendor", "product"))
        return f"host usb device vendor=0x{vendor:04x} product=0x{product:04x} not found"
    if node.get("type") == "scsi" and source is not None:
        if source.get("protocol") == "iscsi":
            return f"host scsi iSCSI path {(source.get('name') or '').removesuffix('/0')} not found"
        where = [str(number(place, name)) for name in ("bus", "target", "unit")]
        return f"host scsi device {value(source, 'adapter@name')}:{where[0]}:{where[1]}.{where[2]} not found"
    return f"mediated device '{place.get('uuid') if place is not None else None}' not found"


RNG_MODELS = {"virtio": "random", "virtio-transitional": "egd", "virtio-non-transitional": "builtin"}  # as libvirt says


def _no_rng(node: Node) -> str:
    return f"model '{RNG_MODELS.get(node.get('model') or '')}' RNG device not present in domain configuration"


def _no_interface(node: Node) -> str:
    place = node.find("address")
    numbers = [number(place, name) for name in ("domain", "bus", "slot", "function")]
    at = "{:04x}:{:02x}:{:02x}.{:x}".format(*numbers) if value(node, "address@type") == "pci" else "(<null>)"
    mac, alias = ((value(node, path) or "(<null>)").lower() for path in ("mac@address", "alias@name"))
    return f"no device found at address '{at}' matching MAC address '{mac}' and alias '{alias}'"


ABSENT = Lack("device not present in domain configuration")
INVALID = ErrorCode.INVALID_ARG
NO_INTERFACE = Lack(_no_interface, domain=ErrorDomain.DOMAIN)
NO_INPUT = Lack("matching input device not found")
NO_LEASE = "Lease %s in lockspace %s does not exist"
LEASE = ("key#", "lockspace#")
PRESENT = "device is already in the domain configuration"
CHARACTER_MARKS = ("type", "source@path", "source@mode", "source@host", "source@service", "target@type",
                   "target@name", "target@port")  # fmt: skip


def _character(field: str, tag: str) -> Kind:
    live = Lack(f"chr type '{tag}' device not present in domain configuration")
    return Kind(field, CHARACTER_MARKS, ABSENT._replace(code=INVALID), live)


KINDS = {
    "disk": Kind(
        "disks",
        ("target@dev",),
        Lack("no target device %s", ("target@dev",)),
        Lack("disk %s not found", ("target@dev",)),
        "target %s already exists",
    ),
    "interface": Kind("interfaces", (), NO_INTERFACE, NO_INTERFACE, hints=("mac@address",)),
    "hostdev": Kind("hostdevs", ("mode", "type"), ABSENT, Lack(_no_hostdev), PRESENT),
    "controller": Kind(
        "controllers",
        ("type", "index"),
        ABSENT,
        Lack("controller %s:%s not found", ("type", "index")),
        "controller index='%s' already exists",
    ),
    "filesystem": Kind(
        "filesystems",
        ("target@dir",),
        Lack("no matching filesystem device was found"),
        Lack("matching filesystem not found"),
        "Target already exists",
    ),
    "lease": Kind(
        "leases",
        LEASE,
        Lack(NO_LEASE, LEASE),
        Lack(NO_LEASE, LEASE, INVALID),
        "Lease %s in lockspace %s already exists",
    ),
    "shmem": Kind(
        "shmems",
        ("name", "model@type", "size#", "role", "server@path", "msi@vectors", "msi@ioeventfd"),
        Lack("matching shmem device was not found"),
        Lack("model '%s' shmem device not present in domain configuration", ("model@type",)),
        PRESENT,
    ),
    "watchdog": Kind(
        "watchdogs",
        (),
        Lack("domain has no watchdog"),
        Lack("watchdog device not present in domain configuration"),
        "domain already has a watchdog",
    ),
    "vsock": Kind(
        "vsock",
        ("model", "cid@auto"),
        Lack("matching vsock device not found", code=ErrorCode.OPERATION_FAILED),
        Lack("matching vsock device not found"),
        "domain already has a vsock device",
    ),
    "sound": Kind("sounds", ("model", "codec@type"), ABSENT, ABSENT),
    "redirdev": Kind(
        "redirdevs",
        ("bus", "type", "source@mode", "source@host", "source@service", "source@path"),
        Lack("no matching redirdev was not found"),
        Lack("no matching redirdev was not found", code=ErrorCode.OPERATION_INVALID),
    ),
    "rng": Kind(
        "rngs",
        ("model", "backend@model", "backend#", "rate@bytes", "rate@period"),
        Lack("no matching RNG device was found"),
        Lack(_no_rng),
    ),
    "memory": Kind(
        "memories",
        ("model", "target/size#", "target/node#", "target/block#", "target/requested#", "source/path#",
         "source/pagesize#", "source/nodemask#"),
        Lack("matching memory device was not found"),
        Lack("model '%s' memory device not present in the domain configuration", ("model",)),
    ),
    "input": Kind("inputs", ("type", "bus", "source@evdev"), NO_INPUT, NO_INPUT),
    **{tag: _character(f"{tag}s", tag) for tag in CHARACTERS},
}  # fmt: skip
SINGLE = ("watchdog", "vsock")  # of which there is one at most, whatever its marks
