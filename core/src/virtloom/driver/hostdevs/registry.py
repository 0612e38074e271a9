"""Who has which of the host's devices, so that no two guests have one; and how a guest comes to have one.

A device on the PCI is taken from its driver if it is `managed`, and given back when the guest ends. While a device is
being taken, or given back, it is nobody else's either.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from virtloom.driver.files.journal import Journal
from virtloom.driver.hostdevs.host import Host
from virtloom.driver.hostdevs.others import require_mediated, scsi_node
from virtloom.driver.hostdevs.pci import STUBS, PciDevice
from virtloom.driver.hostdevs.sources import Given, given, usb_wish
from virtloom.driver.hostdevs.usb import find
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.locks import Level, LockManager
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Hostdev

log = logging.getLogger(__name__)


class User(NamedTuple):
    """Who has a device.

    :ivar guest: its name; None while the node device itself is dealt with.
    """

    guest: str | None
    shareable: bool = False


class HostDevices:
    """The devices of one host, for the guests of one driver.

    :param driver: what messages call the driver of guests.
    """

    def __init__(self, driver: str, locks: LockManager, host: Host | None = None) -> None:
        self.host = host or Host()
        self._driver = driver
        self._lock = locks.lock("host devices", Level.LEAF)
        self._users: dict[tuple[str, str], list[User]] = {}
        self._taken: set[str] = set()  # from their drivers, and to be given back

    # For guests.

    @contextmanager
    def taken(self, guest: str, devices: tuple[Hostdev, ...], journal: Journal) -> Iterator[tuple[Hostdev, ...]]:
        """Take devices for a guest; if the block raises, they are given back.

        :param journal: is told of each that is taken from its driver, before it is.
        :return: the devices with their places.
        :raises VirtError: for one that is not there, or is another guest's; none is taken then.
        """
        placed = tuple(self._placed(one) for one in devices)
        wanted = self._wanted(placed)
        self._check(wanted, placed)
        self._reserve(wanted, guest)
        try:
            self._refuse_shared_groups(wanted, guest)
            for one in (one for one in wanted if one.bus == "pci"):
                self._detach_for_guest(one, journal)
            yield placed
        except BaseException:
            self._free(wanted, guest)
            raise

    def _detach_for_guest(self, one: Given, journal: Journal) -> None:
        device = PciDevice(one.name, self.host)
        if device.driver in STUBS:
            return
        if not one.managed:
            raise _invalid(f"Unmanaged PCI device {one.name} must be manually detached from the host")
        journal.add("hostdev", name=one.name)
        if device.detach():
            with self._lock:
                self._taken.add(one.name)

    def hold(self, definition: Domain) -> None:
        """Note what a guest has that runs, for a daemon that was started anew."""
        for one in self._wanted(definition.parts.hostdevs):
            with self._lock:
                self._users.setdefault(one.key, []).append(User(definition.name, one.shareable))
                if one.bus == "pci" and one.managed:
                    self._taken.add(one.name)

    def give_back(self, guest: str, devices: tuple[Hostdev, ...]) -> None:
        """Take from a guest what it has; a device that is gone, or another's, is passed over."""
        self._free([one for one in self._wanted(devices) if self._has(guest, one)], guest)

    def _free(self, wanted: list[Given], guest: str) -> None:
        """Give what was taken from its driver back to it; nobody has it then."""
        with self._lock:
            taken = [one for one in wanted if one.bus == "pci" and one.managed and one.name in self._taken]
            self._taken.difference_update(one.name for one in taken)
        for one in taken:
            _reattach(PciDevice(one.name, self.host))
        self._release(wanted, guest)

    def undo(self, entry: dict[str, Any]) -> None:
        """Give a device back that a start which a crash cut off had taken, unless a guest has it."""
        with self._lock:
            known = ("pci", entry["name"]) in self._users
        if not known:
            _reattach(PciDevice(entry["name"], self.host))

    def _placed(self, device: Hostdev) -> Hostdev:
        """A device with the place where it is found now."""
        source = device.source
        if device.mode != "subsystem" or device.type != "usb" or source is None:
            return device
        must = source.get("startupPolicy") not in ("optional", "requisite")
        found = find(usb_wish(source), self.host, must=must)
        made = source.copy()
        if found is None:
            made.attrs["missing"] = "yes"
            return device.replace(source=made)
        made.drop("address")
        made.add("address", {"bus": str(found.bus), "device": str(found.device)})
        return device.replace(source=made)

    def _wanted(self, devices: tuple[Hostdev, ...]) -> list[Given]:
        missing = (one.source is not None and one.source.get("missing") == "yes" for one in devices)
        found = (given(one, self.host) for one, gone in zip(devices, missing, strict=True) if not gone)
        return [one for one in found if one is not None]

    def _check(self, wanted: list[Given], devices: tuple[Hostdev, ...]) -> None:
        """Refuse what is not there."""
        for one in devices:
            source = one.source or Node("source")
            if one.type == "mdev":
                require_mediated(source.value("address", "uuid") or "", one.model or "", self.host)
            if one.type == "scsi" and one.managed and source.get("protocol") != "iscsi":
                detail = "SCSI host device doesn't support managed mode"
                raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.NONE)
        for found in wanted:
            if found.bus == "scsi":
                scsi_node(found.name, self.host)
            if found.bus == "pci":
                PciDevice(found.name, self.host).require()

    def _refuse_shared_groups(self, wanted: list[Given], guest: str) -> None:
        """Refuse what the IOMMU does not keep apart from another guest's.

        After what is wanted was reserved: of two guests who take parts of one group at once, one sees the other.
        """
        for one in (one for one in wanted if one.bus == "pci"):
            for member in PciDevice(one.name, self.host).members():
                self._refuse_other(member, guest)

    def _refuse_other(self, name: str, guest: str) -> None:
        with self._lock:
            users = list(self._users.get(("pci", name), ()))
        for user in users:
            if user.guest != guest:
                raise self._in_use(Given("pci", name), user)

    def _reserve(self, wanted: list[Given], guest: str | None) -> None:
        with self._lock:
            for place, one in enumerate(wanted):
                for user in self._users.get(one.key, ()):
                    if not (user.shareable and one.shareable):
                        for reserved in wanted[:place]:
                            self._drop(reserved, guest)
                        raise self._in_use(one, user)
                self._users.setdefault(one.key, []).append(User(guest, one.shareable))

    def _release(self, wanted: list[Given], guest: str | None) -> None:
        with self._lock:
            for one in wanted:
                self._drop(one, guest)

    def _drop(self, one: Given, guest: str | None) -> None:
        users = [user for user in self._users.pop(one.key, ()) if user.guest != guest]
        if users:
            self._users[one.key] = users

    def _has(self, guest: str, one: Given) -> bool:
        with self._lock:
            return any(user.guest == guest for user in self._users.get(one.key, ()))

    def _in_use(self, one: Given, user: User) -> VirtError:
        if one.bus == "scsi":
            how = "shareable" if user.shareable else "non-shareable"
            return _invalid(f"SCSI device {one.name} is already in use by other domain(s) as '{how}'")
        what = "mediated device" if one.bus == "mdev" else f"{one.bus.upper()} device"
        by = "" if user.guest is None else f" by driver {self._driver}, domain {user.guest}"
        return _invalid(f"{what} {one.name} is in use{by}")

    # For the host's administrator (`virsh nodedev-detach`).

    def detach(self, name: str) -> None:
        """Take a device from its driver, for a guest that does not do so itself.

        :raises VirtError: OPERATION_INVALID if a guest has it; see `PciDevice.detach`.
        """
        with self._dealt_with(name) as device:
            if device.detach():
                with self._lock:
                    self._taken.add(name)

    def reattach(self, name: str) -> None:
        """Give a device back to the driver that the kernel chooses for it."""
        with self._dealt_with(name) as device:
            device.reattach()
        with self._lock:
            self._taken.discard(name)

    def reset(self, name: str) -> None:
        """Have a device as it is when power comes on.

        :raises VirtError: INTERNAL_ERROR if a guest has it, or it cannot be reset.
        """
        with self._lock:
            known = ("pci", name) in self._users
        if known:
            raise VirtError(ErrorCode.INTERNAL_ERROR, f"Not resetting active device {name}", ErrorDomain.NONE)
        with self._dealt_with(name) as device:
            device.reset()

    @contextmanager
    def _dealt_with(self, name: str) -> Iterator[PciDevice]:
        wanted = [Given("pci", name)]
        self._reserve(wanted, None)
        try:
            yield PciDevice(name, self.host)
        finally:
            self._release(wanted, None)


def _reattach(device: PciDevice) -> None:
    try:
        device.reattach()
    except VirtError as error:
        log.warning("a guest's device stays with %s: %s", device.driver or "no driver", error)


def _invalid(detail: str) -> VirtError:
    return VirtError(ErrorCode.OPERATION_INVALID, detail, ErrorDomain.NONE)
