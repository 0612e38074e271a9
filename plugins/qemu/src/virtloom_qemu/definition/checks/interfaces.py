"""Network interfaces (`qemuValidateDomainDeviceDefNetwork`)."""

from __future__ import annotations

from virtloom.xmldef.document import Node
from virtloom_qemu.definition.checks.refusal import malformed, unsupported
from virtloom_qemu.definition.guest import Guest, number
from virtloom_qemu.settings import Settings

VIRTIO = ("virtio", "virtio-transitional", "virtio-non-transitional")
WITH_MTU = ("network", "bridge", "ethernet", "vhostuser")


def interface(guest: Guest, settings: Settings, device: Node) -> None:
    """An interface is one that QEMU has."""
    kind, model = device.get("type") or "", device.value("model", "type")
    if kind == "user":
        _guest_addresses(device)
    elif kind == "vdpa" and model != "virtio":
        raise unsupported(f"invalid model for interface of type '{kind}': '{model}'")
    elif kind != "vdpa" and (device.find("ip") is not None or device.find("route") is not None):
        raise unsupported(
            "Invalid attempt to set network interface guest-side IP route and/or address info, not supported by QEMU"
        )
    if model in VIRTIO:
        _queues(device)
    mtu = device.find("mtu")
    passt = kind == "user" and device.value("backend", "type") == "passt"
    if mtu is not None and kind not in WITH_MTU and not passt:
        raise unsupported(f"setting MTU on interface type {kind} is not supported yet")
    _teaming(device, kind, model)
    if device.find("coalesce") is not None and kind not in ("network", "bridge"):
        raise unsupported(f"coalesce settings on interface type {kind} are not supported")


def _guest_addresses(device: Node) -> None:
    if device.find("route") is not None:
        raise unsupported("Invalid attempt to set network interface guest-side IP route, not supported by QEMU")
    families = set()
    for ip in device.all("ip"):
        if ip.get("peer") is not None:
            raise unsupported("Invalid attempt to set peer IP for guest")
        family = "IPv6" if ":" in (ip.get("address") or "") else "IPv4"
        prefix = number(ip, "prefix")
        if family in families:
            raise unsupported(f"Only one {family} address per interface is allowed")
        families.add(family)
        if family == "IPv4" and prefix and not 4 <= prefix <= 27:
            raise malformed("invalid prefix, must be in range of 4-27")
        if family == "IPv6" and prefix not in (0, 64):
            raise unsupported(f"unsupported IPv6 address prefix='{prefix}' - must be 64")


def _queues(device: Node) -> None:
    driver = device.find("driver")
    for name in ("rx_queue_size", "tx_queue_size"):
        size = number(driver, name)
        if size & (size - 1):
            raise unsupported(f"{name} has to be a power of two")


def _teaming(device: Node, kind: str, model: str | None) -> None:
    team = device.value("teaming", "type")
    if team == "persistent" and model not in VIRTIO:
        detail = f"virtio-net teaming persistent interface must be <model type='virtio'/>, not '{model}'"
        raise unsupported(detail)
    if team == "transient" and kind not in ("hostdev", "network"):
        raise unsupported(f"virtio-net teaming transient interface must be type='hostdev', not '{kind}'")
