"""What is done to a domain's document before it is read: what libvirt reads in several forms gets the one it writes.

Works on nodes, because the same elements stand in many kinds of device.
"""

from __future__ import annotations

from collections.abc import Callable

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node

USER_ALIAS = "ua-"
# Attributes of a PCI address: the digits they are written with, and the highest value (`virPCIDeviceAddressIsValid`).
PCI = {"domain": (4, 0xFFFF), "bus": (2, 0xFF), "slot": (2, 0x1F), "function": (1, 7)}
CCW = {"cssid": (1, 0xFE), "ssid": (1, 3), "devno": (4, 0xFFFF)}
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


def clean(root: Node) -> None:
    """Bring a domain's document into the form that it is written in."""
    devices = root.find("devices")
    if devices is None:
        return
    for device in devices.children:
        _drop_generated_alias(device)
        for step in STEPS.get(device.tag, ()):
            step(device)
        for child in device.children:
            if child.tag == "address":
                _address(child)


def _drop_generated_alias(device: Node) -> None:
    """Aliases that the daemon gives are for one run; those that a user gives begin with ua-."""
    device.children = [
        child for child in device.children if child.tag != "alias" or (child.get("name") or "").startswith(USER_ALIAS)
    ]


def _address(node: Node) -> None:
    kind = node.get("type")
    if kind == "pci":
        _hexadecimal(node, PCI, "PCI")
    elif kind == "ccw" and node.get("cssid") is not None:
        _hexadecimal(node, CCW, "CCW")
    elif kind == "drive":
        for name in ("controller", "bus", "target", "unit"):
            node.attrs.setdefault(name, "0")


def _hexadecimal(node: Node, fields: dict[str, tuple[int, int]], what: str) -> None:
    if what == "PCI" and not any(name in node.attrs for name in fields):
        return
    for name, (digits, highest) in fields.items():
        text = node.attrs.get(name, "0")
        try:
            value = int(text, 0) if text.lower().startswith("0x") else int(text)
        except ValueError:
            detail = f"Invalid value for attribute '{name}' in element 'address': '{text}'. Expected integer value"
            raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.XML) from None
        if not 0 <= value <= highest:
            detail = f"Invalid {what} address {name}='{value:#x}', must be <= 0x{highest:X}"
            raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.NONE)
        node.attrs[name] = f"0x{value:0{digits}x}"


def _drop_index(node: Node) -> None:
    """The numbers of images in a chain are for one run."""
    for child in node.children:
        if child.tag in ("source", "backingStore"):
            child.attrs.pop("index", None)
            _drop_index(child)


def _interface_source(interface: Node) -> None:
    kept = SOURCE_ATTRIBUTES.get(interface.get("type") or "")
    source = interface.find("source")
    if kept is not None and source is not None:
        source.attrs = {name: value for name, value in source.attrs.items() if name in kept}


def _backing_chain(disk: Node) -> None:
    """A mirror is for one run."""
    disk.children = [child for child in disk.children if child.tag != "mirror"]


def _channel_state(channel: Node) -> None:
    target = channel.find("target")
    if target is not None:
        target.attrs.pop("state", None)


def _pty(device: Node) -> None:
    """The terminal that a device was given is for one run."""
    device.attrs.pop("tty", None)
    if device.get("type") == "pty":
        device.children = [child for child in device.children if child.tag != "source"]


def _managed(hostdev: Node) -> None:
    hostdev.attrs.setdefault("mode", "subsystem")
    if hostdev.get("mode") == "subsystem":
        hostdev.attrs.setdefault("managed", "no")


def _access_mode(filesystem: Node) -> None:
    filesystem.attrs.setdefault("accessmode", "passthrough")


STEPS: dict[str, tuple[Callable[[Node], None], ...]] = {
    "disk": (_drop_index, _backing_chain),
    "interface": (_interface_source,),
    "channel": (_channel_state, _pty),
    "console": (_pty,),
    "serial": (_pty,),
    "parallel": (_pty,),
    "hostdev": (_managed,),
    "filesystem": (_access_mode,),
}
