"""Controllers, input devices, displays, cards and the host's devices."""

from __future__ import annotations

from virtloom.xmldef.domain.checks.refusal import internal, invalid, malformed, unsupported
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Controller, Input

# Numbers of a PCI controller's target, and the range of each (`virDomainControllerDefValidate`).
PCI_RANGES = {"chassisNr": (1, 255), "chassis": (0, 255), "port": (0, 255), "busNr": (1, 254)}
PCI_INDEX_MAX = 255
PCI_TARGET_MAX = 30


def usb(domain: Domain) -> None:
    """Either there is no USB, or there is a controller that needs no other (`virDomainDefControllersParse`)."""
    found = [one for one in domain.parts.controllers if one.type == "usb"]
    none = any(one.model == "none" for one in found)
    if none and len(found) > 1:
        raise invalid("Can't add another USB controller: USB is disabled for this domain")
    if found and not none and all(one.master is not None for one in found):
        raise invalid("No master USB controller specified")
    if none and any(device.bus == "usb" for device in domain.parts.inputs):
        raise unsupported("Can't add USB input device. USB bus is disabled")
    if none and domain.parts.hubs:
        raise unsupported("Can't add USB hub: USB is disabled for this domain")


def inputs(domain: Domain) -> None:
    """What each input device can be connected to (`virDomainInputDefValidate`)."""
    system = domain.os.type.name if domain.os is not None and domain.os.type is not None else ""
    for device in domain.parts.inputs:
        _bus(device, system)
        if device.type == "passthrough" and device.bus != "virtio":
            raise unsupported("only bus 'virtio' is supported for 'passthrough' input devices")
        if device.type == "evdev" and device.bus != "none":
            raise unsupported("input evdev doesn't support bus element")
        if device.model is not None and device.bus != "virtio":
            raise unsupported(f"only bus 'virtio' is supported for input model '{device.model}'")


def _bus(device: Input, system: str) -> None:
    if system not in ("hvm", "xen", "xenpvh"):
        raise internal("Input devices are not supported by this virtualization driver.")
    if (device.bus == "xen") is (system == "hvm"):
        raise internal(f"unsupported input bus {device.bus}")
    if device.bus in ("ps2", "xen") and device.type not in ("mouse", "keyboard"):
        raise internal(f"{device.bus} bus does not support {device.type} input device")


def controllers(domain: Domain) -> None:
    """No two of a kind have one number, unless they are companions on the USB."""
    seen = set()
    for one in domain.parts.controllers:
        if one.type != "usb" and (one.type, one.index) in seen:
            raise malformed(f"Multiple '{one.type}' controllers with index '{one.index}'")
        seen.add((one.type, one.index))
        if one.type == "pci":
            _pci(one)


def _pci(one: Controller) -> None:
    if one.model in ("pci-root", "pcie-root") and one.address is not None:
        raise unsupported("pci-root and pcie-root controllers should not have an address")
    index = one.index or 0
    if index > PCI_INDEX_MAX:
        raise unsupported(f"PCI controller index {index} too high, maximum is 255")
    numbers = {} if one.target is None else {name: _number(text) for name, text in one.target.attrs.items()}
    target = numbers.get("index")
    if target is not None and not 0 <= target <= PCI_TARGET_MAX:
        raise unsupported(f"PCI controller target index '{target}' out of range - must be 0-30")
    if target is not None and (index == 0) != (target == 0):
        raise unsupported("Only the PCI controller with index 0 can have target index 0, and vice versa")
    for name, (low, high) in PCI_RANGES.items():
        number = numbers.get(name)
        if number is not None and not low <= number <= high:
            raise unsupported(f"PCI controller {name} '{number}' out of range - must be {low}-{high}")
    if one.target is not None and one.target.find("node") is not None and index == 0:
        raise unsupported("The PCI controller with index=0 can't be associated with a NUMA node")


def _number(text: str) -> int | None:
    try:
        return int(text, 16) if text.lower().startswith("0x") else int(text)
    except ValueError:
        return None


def graphics(domain: Domain) -> None:
    """What a display can listen on."""
    for one in domain.parts.graphics:
        for listen in one.listens:
            if listen.type in ("socket", "none") and one.type not in ("vnc", "spice"):
                raise unsupported(f"listen type '{listen.type}' is not available for graphics type '{one.type}'")


def hostdevs(domain: Domain) -> None:
    """A device of the host's is given once, and mediated devices are known by their uuid."""
    seen = []
    for one in domain.parts.hostdevs:
        if one.type == "mdev":
            place = one.source.find("address") if one.source is not None else None
            if place is None:
                raise unsupported("Missing <address> element")
            if place.get("uuid") is None:
                raise unsupported("Missing 'uuid' attribute for element <address>")
        if one.source is not None and (one.type, one.source) in seen:
            raise malformed("Hostdev already exists in the domain configuration")
        seen.append((one.type, one.source))


def videos(domain: Domain) -> None:
    """`none` stands alone, and there is one primary card."""
    models = [video.model for video in domain.parts.videos if video.model is not None]
    if any(model.type == "none" for model in models) and len(models) > 1:
        raise unsupported("a 'none' video type must be the only video device defined for the domain")
    if sum(bool(model.primary) for model in models) > 1:
        raise unsupported("Only one primary video device is supported")
