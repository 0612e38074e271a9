"""What is taken on a guest's PCI buses, and what fits where (`virDomainPCIAddressSet`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from virtloom.errors import ErrorCode, ErrorDomain, VirtError

SLOT_LAST = 31
FUNCTION_LAST = 7


class Connect:
    """What a bus accepts, or a device needs: bits of a number (`virDomainPCIConnectFlags`).

    No enumeration, whose operators take a microsecond each: some thousand are needed to place a guest's devices.
    """

    PCI = 1
    PCIE = 2
    ROOT_PORT = 4
    UPSTREAM_PORT = 8
    DOWNSTREAM_PORT = 16
    DMI_BRIDGE = 32
    PCIE_BRIDGE = 64
    EXPANDER = 128
    PCIE_EXPANDER = 256
    BRIDGE = 512
    HOTPLUG = 1024
    AUTO = 2048  # may be chosen without being asked for
    AGGREGATE = 4096  # several share a slot, a function each
    INTEGRATED = 8192  # part of the chipset


TYPES = 1023
ENDPOINTS = Connect.PCI | Connect.PCIE
# What a device of a kind is called in messages, the first that it has.
WORDS = (
    (Connect.PCI, "standard PCI device"),
    (Connect.PCIE, "PCI Express device"),
    (Connect.ROOT_PORT, "pcie-root-port"),
    (Connect.UPSTREAM_PORT, "pcie-switch-upstream-port"),
    (Connect.DOWNSTREAM_PORT, "pcie-switch-downstream-port"),
    (Connect.DMI_BRIDGE, "dmi-to-pci-bridge"),
    (Connect.PCIE_BRIDGE, "pcie-to-pci-bridge"),
    (Connect.EXPANDER, "pci-expander-bus"),
    (Connect.PCIE_EXPANDER, "pcie-expander-bus"),
    (Connect.BRIDGE, "pci-bridge"),
)
_PORT = Connect.AUTO | Connect.PCIE | Connect.UPSTREAM_PORT | Connect.PCIE_BRIDGE | Connect.HOTPLUG
_SLOTS = Connect.AUTO | Connect.PCI | Connect.BRIDGE | Connect.HOTPLUG
# By model of the controller: what its bus accepts, and its first and last slot.
BUSES: dict[str, tuple[int, int, int]] = {
    "pci-root": (_SLOTS | Connect.EXPANDER, 1, SLOT_LAST),
    "pci-bridge": (_SLOTS, 1, SLOT_LAST),
    "pci-expander-bus": (_SLOTS, 0, SLOT_LAST),
    "pcie-root": (
        Connect.PCIE | Connect.ROOT_PORT | Connect.DMI_BRIDGE | Connect.PCIE_EXPANDER, 1, SLOT_LAST,
    ),
    "dmi-to-pci-bridge": (Connect.PCI | Connect.BRIDGE, 0, SLOT_LAST),
    "pcie-to-pci-bridge": (_SLOTS, 1, SLOT_LAST),
    "pcie-root-port": (_PORT, 0, 0),
    "pcie-switch-downstream-port": (_PORT, 0, 0),
    "pcie-switch-upstream-port": (Connect.DOWNSTREAM_PORT, 0, SLOT_LAST),
    "pcie-expander-bus": (Connect.ROOT_PORT | Connect.DMI_BRIDGE, 0, SLOT_LAST),
}  # fmt: skip
# What a controller itself needs.
CONTROLLERS: dict[str, int] = {
    "pci-bridge": Connect.BRIDGE,
    "pci-expander-bus": Connect.EXPANDER,
    "pcie-expander-bus": Connect.PCIE_EXPANDER,
    "dmi-to-pci-bridge": Connect.DMI_BRIDGE,
    "pcie-to-pci-bridge": Connect.PCIE_BRIDGE,
    "pcie-root-port": Connect.ROOT_PORT | Connect.AGGREGATE,
    "pcie-switch-upstream-port": Connect.UPSTREAM_PORT,
    "pcie-switch-downstream-port": Connect.DOWNSTREAM_PORT,
}


class PciAddress(NamedTuple):
    """A place: bus, slot and function; a guest has one PCI domain."""

    bus: int
    slot: int
    function: int = 0
    domain: int = 0

    def __str__(self) -> str:
        return f"{self.domain:04x}:{self.bus:02x}:{self.slot:02x}.{self.function:x}"


@dataclass
class Bus:
    """One bus: what it accepts, and what is taken: a slot's functions, and whether more may join them."""

    model: str
    accepts: int
    first: int
    last: int
    taken: dict[int, set[int]] = field(default_factory=dict)
    shared: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, model: str, hotplug: bool = True) -> Bus:
        """An empty bus of a controller.

        :raises VirtError: INTERNAL_ERROR for a model that has no bus.
        """
        if model not in BUSES:
            detail = "PCI controller model was not set correctly"
            raise VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.DOMAIN)
        accepts, first, last = BUSES[model]
        return cls(model, accepts if hotplug else accepts & ~Connect.HOTPLUG, first, last)

    @property
    def is_full(self) -> bool:
        """Whether no slot is free."""
        return all(self.taken.get(slot) for slot in range(self.first, self.last + 1))

    def free(self, needs: int, function: int | None) -> tuple[int, int] | None:
        """The first slot and function that a device can have, or None."""
        for slot in range(self.first, self.last + 1):
            functions = self.taken.get(slot)
            if not functions:
                return slot, function or 0
            if needs & Connect.AGGREGATE and slot in self.shared:
                wanted = range(FUNCTION_LAST + 1) if function is None else (function,)
                found = next((one for one in wanted if one not in functions), None)
                if found is not None:
                    return slot, found
        return None


class Slots:
    """All buses of a guest.

    Guarantees: no place is given twice.

    :param models: the buses' models by number.
    :param growing: whether buses may be added, to find out how many are needed.
    """

    def __init__(self, buses: list[Bus], growing: bool) -> None:
        self.buses = buses
        self.growing = growing

    def in_use(self, place: PciAddress) -> bool:
        """Whether a slot is taken."""
        return bool(self.buses[place.bus].taken.get(place.slot))

    def reserve(self, place: PciAddress, needs: int, from_document: bool = True) -> None:
        """Take a place.

        :raises VirtError: XML_ERROR if a document asked for a place that there is not, that does not fit or that is
            taken; INTERNAL_ERROR if we did.
        """
        if self.growing:
            self._grow(place.bus, needs)
        self._validate(place, needs, from_document)
        bus = self.buses[place.bus]
        functions = bus.taken.setdefault(place.slot, set())
        if place.function in functions:
            raise _refuse(f"Attempted double use of PCI Address {place}", from_document)
        if not functions and needs & Connect.AGGREGATE:
            bus.shared.add(place.slot)
        functions.add(place.function)

    def take_next(self, needs: int, function: int | None = None) -> PciAddress:
        """Take the first place that fits (`virDomainPCIAddressReserveNextAddr`).

        :param function: the function that it has to be; None takes the first.
        :raises VirtError: INTERNAL_ERROR if there is none.
        """
        if not self.buses:
            raise VirtError(ErrorCode.XML_ERROR, "No PCI buses available", ErrorDomain.DOMAIN)
        place = self._find(needs, function)
        if place is None and self.growing:
            number = self._grow(len(self.buses), needs)
            place = PciAddress(number, self.buses[number].first, function or 0)
        if place is None:
            raise VirtError(ErrorCode.INTERNAL_ERROR, "No more available PCI slots", ErrorDomain.DOMAIN)
        self.reserve(place, needs, from_document=False)
        return place

    def _find(self, needs: int, function: int | None) -> PciAddress | None:
        for number, bus in enumerate(self.buses):
            found = bus.free(needs, function)
            if found is not None:
                place = PciAddress(number, *found)
                if not _misfit(place, bus.accepts, needs, from_document=False):
                    return place
        return None

    def _grow(self, number: int, needs: int) -> int:
        """Add buses until there is one of that number; the number of the bus that the device gets is returned."""
        add = number - len(self.buses) + 1
        if add <= 0:
            return number
        if needs & Connect.PCI:
            return self._grow_conventional(number, add)
        if not needs & (Connect.PCIE | Connect.UPSTREAM_PORT):
            raise _cannot_add(needs)
        self.buses += [Bus.of("pcie-root-port") for _ in range(add)]
        return number

    def _grow_conventional(self, number: int, add: int) -> int:
        """Buses for devices of the older kind; without any so far, a root port with a bridge to them comes first."""
        if any(bus.accepts & Connect.BRIDGE for bus in self.buses):
            self.buses += [Bus.of("pci-bridge") for _ in range(add)]
            return number
        port = Bus.of("pcie-root-port")
        port.accepts = Connect.PCIE_BRIDGE
        single = add == 1
        self.buses += [port, Bus.of("pcie-to-pci-bridge")]
        self.buses += [Bus.of("pci-bridge") for _ in range(number + single - len(self.buses) + 1)]
        return number + single

    def _validate(self, place: PciAddress, needs: int, from_document: bool) -> None:
        if not self.buses:
            raise _refuse("No PCI buses available", from_document)
        if place.domain:
            raise _refuse(f"Invalid PCI address {place}. Only PCI domain 0 is available", from_document)
        if place.bus >= len(self.buses):
            detail = f"Invalid PCI address {place}. Only PCI buses up to {len(self.buses) - 1} are available"
            raise _refuse(detail, from_document)
        bus = self.buses[place.bus]
        if misfit := _misfit(place, bus.accepts, needs, from_document):
            raise _refuse(misfit, from_document)
        if place.slot < bus.first:
            raise _refuse(f"Invalid PCI address {place}. slot must be >= {bus.first}", from_document)
        if place.slot > bus.last:
            raise _refuse(f"Invalid PCI address {place}. slot must be <= {bus.last}", from_document)
        if place.function > FUNCTION_LAST:
            raise _refuse(f"Invalid PCI address {place}. function must be <= {FUNCTION_LAST}", from_document)


def _misfit(place: PciAddress, accepts: int, needs: int, from_document: bool) -> str | None:
    """Why a device cannot sit on a bus, or None (`virDomainPCIAddressFlagsCompatible`)."""
    if needs & Connect.INTEGRATED:
        if place.bus:
            return f"The device at PCI address {place} needs to be an integrated device (bus=0)"
        accepts |= Connect.AUTO
    if from_document:
        if accepts & ENDPOINTS:
            accepts |= ENDPOINTS
        if needs & Connect.BRIDGE:
            needs |= Connect.PCI
    elif needs & Connect.AUTO and not accepts & Connect.AUTO:
        return (
            f"The device at PCI address {place} was auto-assigned this address, but the PCI controller with "
            f"index='{place.bus}' doesn't allow auto-assignment"
        )
    if needs & Connect.HOTPLUG and not accepts & Connect.HOTPLUG:
        return (
            f"The device at PCI address {place} requires hotplug capability, but the PCI controller with "
            f"index='{place.bus}' doesn't support hotplug"
        )
    if needs & accepts & TYPES:
        return None
    word = next(word for flag, word in WORDS if needs & flag)
    return (
        f"The device at PCI address {place} cannot be plugged into the PCI controller with index='{place.bus}'. "
        f"It requires a controller that accepts a {word}."
    )


def _cannot_add(needs: int) -> VirtError:
    model = next((model for model, need in CONTROLLERS.items() if needs & need & TYPES), None)
    detail = f"Cannot automatically add a new PCI bus for a device with connect flags {needs:02x}"
    if model is not None:
        detail = (
            f"a PCI slot is needed to connect a PCI controller model='{model}', but none is available, and it cannot "
            "be automatically added"
        )
    return VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.DOMAIN)


def _refuse(detail: str, from_document: bool) -> VirtError:
    code = ErrorCode.XML_ERROR if from_document else ErrorCode.INTERNAL_ERROR
    return VirtError(code, detail, ErrorDomain.DOMAIN)
