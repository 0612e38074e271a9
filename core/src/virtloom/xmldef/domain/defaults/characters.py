"""Serial and parallel ports and consoles: their numbers, and the console that is a serial port.

Once, the only `<console>` of a guest was its first serial port; libvirt still shows that port as both.
"""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import CharDevice, CharTarget

Devices = tuple[CharDevice, ...]
# Serial ports that are no console (`virDomainDefAddConsoleCompat`).
NO_CONSOLE = ("pci-serial", "usb-serial", "isa-debug")


def characters(domain: Domain) -> Domain:
    """Ports are numbered, and the first serial port and the first console are one."""
    parts = domain.parts
    serials, consoles = (
        numbered(parts.serials),
        tuple(_console(number, one) for number, one in enumerate(parts.consoles)),
    )
    if any(_kind(console) == "serial" for console in consoles[1:]):
        detail = "Only the first console can be a serial port"
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.DOMAIN)
    if domain.os is not None and domain.os.type is not None and domain.os.type.name == "hvm":
        serials, consoles = _mirrored(serials, consoles)
    return domain.with_devices(serials=serials, parallels=numbered(parts.parallels), consoles=consoles)


def numbered(devices: Devices) -> Devices:
    """The devices, each with a port: its own, or one more than the highest so far (`virDomainChrDefPostParse`)."""
    highest = max((_port(device) for device in devices), default=-1)
    done = []
    for device in devices:
        port = _port(device)
        if port < 0:
            port = highest = highest + 1
        target = (device.target or CharTarget()).replace(port=str(port))
        done.append(device.replace(type=device.type or "pty", target=target))
    return tuple(done)


def _port(device: CharDevice) -> int:
    text = device.target.port if device.target is not None else None
    if text is None:
        return -1
    if not text.isascii() or not text.isdigit():
        raise VirtError(ErrorCode.XML_ERROR, f"Invalid port number: {text}", ErrorDomain.DOMAIN)
    return int(text)


def _kind(device: CharDevice) -> str | None:
    return device.target.type if device.target is not None else None


def _console(number: int, console: CharDevice) -> CharDevice:
    """A console with its number among those that were given, whatever its document says."""
    target = console.target or CharTarget()
    target = target.replace(type=target.type or "serial", port=str(number))
    return console.replace(type=console.type or "pty", target=target)


def _mirrored(serials: Devices, consoles: Devices) -> tuple[Devices, Devices]:
    is_serial = bool(consoles) and _kind(consoles[0]) == "serial"
    if is_serial and not serials:
        serials = (consoles[0].replace(target=CharTarget(port="0")),)
    if not serials or (not is_serial and _kind(serials[0]) in NO_CONSOLE):
        return serials, consoles
    port = serials[0].target.port if serials[0].target is not None else "0"
    mirror = serials[0].replace(target=CharTarget(type="serial", port=port))
    return serials, (mirror, *(consoles[1:] if is_serial else consoles))
