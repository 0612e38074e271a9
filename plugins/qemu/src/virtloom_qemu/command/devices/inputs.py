"""Keyboards, mice, tablets, and the host's own (`qemuBuildInputCommandLine`)."""

from __future__ import annotations

from virtloom.xmldef.document import Node
from virtloom_qemu.command.context import Context
from virtloom_qemu.command.devices.common import Props, address, virtio
from virtloom_qemu.command.line import CommandLine, given
from virtloom_qemu.command.values import alias, switch
from virtloom_qemu.definition.guest import Guest

USB = {"mouse": "usb-mouse", "tablet": "usb-tablet", "keyboard": "usb-kbd"}
VIRTIO = {
    "mouse": "virtio-mouse", "tablet": "virtio-tablet", "keyboard": "virtio-keyboard",
    "passthrough": "virtio-input-host",
}  # fmt: skip


def add_inputs(guest: Guest, context: Context, line: CommandLine) -> None:
    """Every input device that is not part of the machine."""
    for device in guest.all("input"):
        if device.get("type") == "evdev":
            _evdev(device, line)
        elif device.get("bus") in ("usb", "virtio"):
            line.device(input_properties(guest, device))


def input_properties(guest: Guest, device: Node) -> Props:
    """The device that an input device is."""
    kind = device.get("type") or ""
    if device.get("bus") == "usb":
        return given({"driver": USB.get(kind, kind), "id": alias(device), **address(guest, device)})
    evdev = device.value("source", "evdev") if kind == "passthrough" else None
    return given({**virtio(VIRTIO[kind], device), "id": alias(device), "evdev": evdev, **address(guest, device)})


def _evdev(device: Node, line: CommandLine) -> None:
    source = device.need("source")
    props = {
        "evdev": source.get("dev"),
        "repeat": switch(source.get("repeat")),
        "grab_all": True if source.get("grab") == "all" else None,
        "grab-toggle": source.get("grabToggle"),
    }
    line.object("input-linux", alias(device), props)
