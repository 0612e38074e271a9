"""What belongs to the platform: watchdog, balloon, vsock, panic device, IOMMU."""

from __future__ import annotations

from virtloom_qemu.command.context import Context
from virtloom_qemu.command.devices.common import address, virtio
from virtloom_qemu.command.line import CommandLine
from virtloom_qemu.command.values import alias, on_off, optional, positive, switch
from virtloom_qemu.definition.guest import Guest, number, place_type


def add_watchdog(guest: Guest, context: Context, line: CommandLine) -> None:
    """A watchdog, and what happens when nobody feeds it; QEMU pauses where the core is to be dumped."""
    for device in guest.all("watchdog"):
        line.device({"driver": device.get("model"), "id": alias(device), **address(guest, device)})
        action = device.get("action") or "reset"
        line.option("watchdog-action", "pause" if action == "dump" else action)


def add_balloon(guest: Guest, context: Context, line: CommandLine) -> None:
    """The balloon."""
    for device in guest.all("memballoon"):
        if device.get("model") == "none":
            continue
        props = {
            **virtio("virtio-balloon", device, device.get("model")),
            "id": alias(device),
            "deflate-on-oom": switch(device.get("autodeflate")),
            "free-page-reporting": switch(device.get("freePageReporting")),
        }
        line.device({**props, **address(guest, device)})


def add_vsock(guest: Guest, context: Context, line: CommandLine) -> None:
    """The socket family between guest and host."""
    for device in guest.all("vsock"):
        passed = context.descriptors.get(alias(device), ("-1",))
        props = {
            **virtio("vhost-vsock", device, device.get("model")),
            "id": alias(device),
            "guest-cid": number(device.find("cid"), "address"),
            "vhostfd": passed[0],
        }
        line.device({**props, **address(guest, device)})


def add_panics(guest: Guest, context: Context, line: CommandLine) -> None:
    """Where the guest tells that its kernel died."""
    for device in guest.all("panic"):
        if device.get("model") == "isa":
            port = optional(device.find("address"), "iobase") if place_type(device) == "isa" else None
            line.device({"driver": "pvpanic", "ioport": port})


def add_iommu(guest: Guest, context: Context, line: CommandLine) -> None:
    """The unit that translates what devices read and write."""
    for device in guest.all("iommu"):
        driver = device.find("driver")
        options = driver.attrs if driver is not None else {}
        if device.get("model") == "intel":
            line.device(
                {
                    "driver": "intel-iommu",
                    "id": alias(device),
                    "intremap": on_off(options.get("intremap")),
                    "caching-mode": switch(options.get("caching_mode")),
                    "eim": on_off(options.get("eim")),
                    "device-iotlb": switch(options.get("iotlb")),
                    "aw-bits": positive(driver, "aw_bits"),
                }
            )
        elif device.get("model") == "virtio":
            line.device({"driver": "virtio-iommu", "id": alias(device), **address(guest, device)})
