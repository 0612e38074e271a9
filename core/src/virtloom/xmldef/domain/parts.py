"""The parts of a domain that are not devices: operating system, memory, processors, clock, features."""

from __future__ import annotations

from typing import Any

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.definition import Definition, Field, attr, child, children, content, leaf, raw, raws
from virtloom.xmldef.document import Node
from virtloom.xmldef.values import Number, Words, cpus, on_off, scaled, yes_no

KIB = 1024
MEMORY_MAX = ((1 << 64) - 1) // 2  # bytes; virDomainParseMemory keeps the sign bit free


class Size(Field):
    """An element with a size, kept in KiB: `<memory unit='MiB'>512</memory>` (`virDomainParseMemory`)."""

    def read(self, node: Node) -> int | None:
        """See `Field.read`."""
        found = node.find(self.xml)
        return None if found is None else size_in_kib(found, self.xml)

    def write(self, value: int, node: Node) -> None:
        """See `Field.write`."""
        node.add(self.xml, {"unit": "KiB"}, str(value))


def size_in_kib(node: Node, name: str) -> int:
    """The size that an element's text and unit give, rounded up to KiB.

    :raises VirtError: XML_ERROR if the text is no number, INVALID_ARG or OVERFLOW for its unit.
    """
    text = node.text.strip()
    if not text.isascii() or not text.isdigit():
        detail = f"could not parse element {name}" if text else f"missing value for element {name}"
        raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.DOMAIN)
    size = scaled(int(text), node.get("unit") or node.get("dumpCore_unit"), KIB, MEMORY_MAX)
    return -(-size // KIB)


def size(xml: str | None = None) -> Any:
    """An element with a size, kept in KiB."""
    return Size(xml)


class OsType(Definition, tag="type"):
    """What kind of system the guest is: `hvm`, `exe`, ..."""

    arch: str | None = attr()
    machine: str | None = attr()
    name: str = content(default="")


class Boot(Definition, tag="boot"):
    """One device to boot from."""

    dev: str = attr(Words("fd", "hd", "cdrom", "network"), required=True)


class Loader(Definition, tag="loader"):
    """The firmware."""

    readonly: bool | None = attr(yes_no)
    secure: bool | None = attr(yes_no)
    type: str | None = attr(Words("rom", "pflash", "none"))
    stateless: bool | None = attr(yes_no)
    image_format: str | None = attr(xml="format")
    path: str = content(default=None)


class Os(Definition, tag="os"):
    """How the guest is started."""

    firmware: str | None = attr(Words("bios", "efi"))
    type: OsType | None = child(OsType)
    init: str | None = leaf()
    initarg: tuple[Node, ...] = raws()
    initenv: tuple[Node, ...] = raws()
    initdir: str | None = leaf()
    inituser: str | None = leaf()
    initgroup: str | None = leaf()
    firmware_features: Node | None = raw("firmware")
    loader: Loader | None = child(Loader)
    nvram: Node | None = raw()
    kernel: str | None = leaf()
    initrd: str | None = leaf()
    cmdline: str | None = leaf()
    dtb: str | None = leaf()
    root: str | None = leaf()
    acpi: Node | None = raw()
    boot: tuple[Boot, ...] = children(Boot)
    bootmenu: Node | None = raw()
    bios: Node | None = raw()
    smbios: Node | None = raw()


class Vcpu(Definition, tag="vcpu"):
    """How many processors at most, how many now, and on which of the host's."""

    placement: str | None = attr(Words("static", "auto"))
    cpuset: frozenset[int] | None = attr(cpus)
    current: int | None = attr(Number(0))
    maximum: int = content(Number(0), default=1)


class Clock(Definition, tag="clock"):
    """What the guest's clock shows."""

    offset: str = attr(Words("utc", "localtime", "variable", "timezone", "absolute"), default="utc")
    basis: str | None = attr()
    adjustment: str | None = attr()
    timezone: str | None = attr()
    start: str | None = attr()
    timer: tuple[Node, ...] = raws()


class Memballoon(Definition, tag="memballoon"):
    """The balloon."""

    model: str | None = attr()
    autodeflate: bool | None = attr(on_off)
    free_page_reporting: str | None = attr(xml="freePageReporting")
    stats: Node | None = raw()
    alias: Node | None = raw()
    address: Node | None = raw()
    driver: Node | None = raw()
