"""Devices on the USB: found by what they are, by where they are, or by both (`virUSBDeviceSearch`)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from virtloom.driver.hostdevs.host import Host
from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error


class UsbDevice(NamedTuple):
    """One device.

    :ivar bus: device: where it is now; it gets another place each time it is plugged in.
    """

    bus: int
    device: int

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"{self.bus:03d}:{self.device:03d}"


class Wish(NamedTuple):
    """What a definition says of a device; 0 for what it does not say.

    :ivar guessed: whether its place was only where it was found last time.
    """

    vendor: int = 0
    product: int = 0
    bus: int = 0
    device: int = 0
    guessed: bool = False


def find(wish: Wish, host: Host, *, must: bool = True) -> UsbDevice | None:
    """The device that a definition means.

    :param must: whether it has to be there; None is returned for one that is not, otherwise.
    :raises VirtError: SYSTEM_ERROR where there is no USB, XML_ERROR for no device at all, INTERNAL_ERROR if it is not
        there, OPERATION_FAILED if it may be more than one.
    """
    folder = host.sysfs / "bus" / "usb" / "devices"
    if must and not folder.is_dir():
        missing = FileNotFoundError(2, os.strerror(2))
        raise system_error(missing, f"cannot open directory '{folder}'", ErrorDomain.NONE)
    vendor, product, bus, device, guessed = wish
    if must and not vendor and not bus:
        raise VirtError(ErrorCode.XML_ERROR, "Missing <source> element in hostdev device", ErrorDomain.DOMAIN)
    if vendor and bus:
        found = next((one for one, what in _all(host) if what == (vendor, product) and one == (bus, device)), None)
        if found is not None:
            return found
        if not guessed:
            return _found([], f"{vendor:04x}:{product:04x} bus:{bus} device:{device}", must=must)
    if vendor:
        return _by_product(wish, host, must=must)
    return _found([one for one, _ in _all(host) if one == (bus, device)], f"bus:{bus} device:{device}", must=must)


def _by_product(wish: Wish, host: Host, *, must: bool) -> UsbDevice | None:
    vendor, product = wish.vendor, wish.product
    found = [one for one, what in _all(host) if what == (vendor, product)]
    if len(found) > 1:
        where = ", use <address> to specify one"
        if wish.guessed:
            where = f" were found, but none of them is at bus:{wish.bus} device:{wish.device}"
        detail = f"Multiple USB devices for {vendor:x}:{product:x}{where}"
        raise VirtError(ErrorCode.OPERATION_FAILED, detail, ErrorDomain.NONE)
    return _found(found, f"{vendor:04x}:{product:04x}", must=must)


def _found(found: Sequence[UsbDevice], what: str, *, must: bool) -> UsbDevice | None:
    if must and not found:
        raise VirtError(ErrorCode.INTERNAL_ERROR, f"Did not find USB device {what}", ErrorDomain.NONE)
    return found[0] if found else None


def _all(host: Host) -> Iterator[tuple[UsbDevice, tuple[int, int]]]:
    """Every device, with its vendor and product."""
    for folder in sorted((host.sysfs / "bus" / "usb" / "devices").glob("*")):
        if ":" in folder.name:
            continue  # an interface of a device
        with suppress(OSError, ValueError):
            place = UsbDevice(_number(folder / "busnum", 10), _number(folder / "devnum", 10))
            yield place, (_number(folder / "idVendor", 16), _number(folder / "idProduct", 16))


def _number(path: Path, base: int) -> int:
    return int(path.read_text(), base)
