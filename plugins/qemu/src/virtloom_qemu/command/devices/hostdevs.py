"""Devices of the host's that the guest is given (`qemuBuildHostdevCommandLine`)."""

from __future__ import annotations

import os

from virtloom.driver.constants.secret import SecretUsage as Usage
from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error
from virtloom.xmldef.document import Node
from virtloom_qemu.command.block.image import Image
from virtloom_qemu.command.block.protocols import protocol
from virtloom_qemu.command.block.secrets import Given, Wanted
from virtloom_qemu.command.context import Context
from virtloom_qemu.command.devices.common import Props, address, boot_index, rom, virtio
from virtloom_qemu.command.line import CommandLine, given
from virtloom_qemu.command.values import alias, on_off, positive
from virtloom_qemu.definition.guest import Guest, number, place_type

MDEV_FOLDER = "/sys/bus/mdev/devices"
GUEST_RESET = {"off": (False, None), "uninitialized": (True, False), "on": (True, True)}


def add_hostdevs(guest: Guest, context: Context, line: CommandLine) -> None:
    """Every device of the host's; interfaces that are one come first, as they do in the definition."""
    network = [one for one in guest.all("interface") if one.get("type") == "hostdev"]
    for device in (*guest.all("hostdev"), *network):
        if place_type(device) == "unassigned":
            continue
        kind = _kind(device)
        if kind == "scsi":
            for secret in scsi_secrets(device):
                given_secrets = Given(context.descriptors, context.secrets, context.secrets_key)
                line.object("secret", secret.name, given_secrets.properties(secret.name))
            line.json("blockdev", scsi_node(device))
        line.device(hostdev_properties(guest, context, device))


def _kind(device: Node) -> str:
    if device.tag == "interface":
        return device.value("source/address", "type") or "pci"
    return device.get("type") or ""


def hostdev_properties(guest: Guest, context: Context, device: Node) -> Props:
    """The device that the guest sees.

    :raises VirtError: INTERNAL_ERROR for a device on the PCI that nobody took from the host.
    """
    kind = _kind(device)
    build = {"pci": _pci, "usb": _usb, "scsi": _scsi, "mdev": _mdev}
    if kind == "scsi_host":
        return _vhost_scsi(guest, context, device)
    return given({**build[kind](guest, device), **address(guest, device)})


def _pci(guest: Guest, device: Node) -> Props:
    if device.value("driver", "name") != "vfio":
        detail = f"invalid PCI passthrough type '{device.value('driver', 'name') or 'default'}'"
        raise VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.QEMU)
    place = device.find("source/address")
    host = "{:04x}:{:02x}:{:02x}.{:x}".format(*(number(place, n) for n in ("domain", "bus", "slot", "function")))
    transient = device.value("teaming", "type") == "transient"
    return {
        "driver": "vfio-pci",
        "host": host,
        "id": alias(device),
        "bootindex": boot_index(guest, device),
        "failover_pair_id": device.value("teaming", "persistent") if transient else None,
        **rom(device),
    }


def _usb(guest: Guest, device: Node) -> Props:
    source = device.need("source")
    place = source.find("address")
    bus, number_on_bus = number(place, "bus"), number(place, "device")
    missing = source.get("missing") == "yes"
    if not bus and not number_on_bus and not missing:
        detail = "USB host device is missing bus/device information"
        raise VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.QEMU)
    reset, resets_all = GUEST_RESET.get(source.get("guestReset") or "", (None, None))
    return {
        "driver": "usb-host",
        "hostdevice": None if missing else f"/dev/bus/usb/{bus:03d}/{number_on_bus:03d}",
        "id": alias(device),
        "bootindex": positive(device.find("boot"), "order"),
        "guest-reset": reset,
        "guest-resets-all": resets_all,
    }


def scsi_secrets(device: Node) -> list[Wanted]:
    """The secret that the server of a SCSI device wants, if it wants one."""
    secret = device.find("source/auth/secret")
    if device.value("source", "protocol") != "iscsi" or secret is None:
        return []
    return [Wanted(f"{scsi_backend(device)}-secret0", Usage.ISCSI, secret)]


def scsi_backend(device: Node) -> str:
    """What QEMU knows the block node of a SCSI device by."""
    return f"libvirt-{device.value('source', 'index') or alias(device)}-backend"


def scsi_node(device: Node) -> Props:
    """The block node of a SCSI device."""
    source = device.need("source")
    name = scsi_backend(device)
    readonly = {"node-name": name, "read-only": device.find("readonly") is not None}
    if source.get("protocol") == "iscsi":
        index = Image("network", source, "raw", 0, readonly=False, auth=source.find("auth"))
        props = protocol(index)
        if "password-secret" in props:
            props["password-secret"] = f"{name}-secret0"
        return {**props, **readonly}
    return {"driver": "host_device", "filename": _scsi_path(source), **readonly}


def _scsi_path(source: Node) -> str:
    """The generic device of a SCSI device (`virSCSIDeviceGetSgName`)."""
    adapter = (source.value("adapter", "name") or "").removeprefix("scsi_host")
    place = source.find("address")
    numbers = [adapter, *(str(number(place, name)) for name in ("bus", "target", "unit"))]
    folder = f"/sys/bus/scsi/devices/{':'.join(numbers)}/scsi_generic"
    try:
        return f"/dev/{os.listdir(folder)[0]}"
    except (OSError, IndexError) as error:
        wrapped = error if isinstance(error, OSError) else OSError(2, "")
        raise system_error(wrapped, f"cannot open directory '{folder}'", ErrorDomain.NONE) from error


def _scsi(guest: Guest, device: Node) -> Props:
    return {
        "driver": "scsi-generic",
        "drive": scsi_backend(device),
        "id": alias(device),
        "bootindex": positive(device.find("boot"), "order"),
    }


def _vhost_scsi(guest: Guest, context: Context, device: Node) -> Props:
    passed = context.descriptors.get(alias(device), ("-1",))
    props = {
        **virtio("vhost-scsi", device, device.get("model")),
        "wwpn": device.value("source", "wwpn"),
        "vhostfd": passed[0],
        "id": alias(device),
    }
    return given({**props, **address(guest, device)})


def _mdev(guest: Guest, device: Node) -> Props:
    model, ramfb = device.get("model"), device.get("ramfb") == "on"
    return {
        "driver": "vfio-pci-nohotplug" if model == "vfio-pci" and ramfb else model,
        "id": alias(device),
        "sysfsdev": f"{MDEV_FOLDER}/{device.value('source/address', 'uuid')}",
        "display": on_off(device.get("display")),
        "ramfb": True if ramfb else None,
        "bootindex": positive(device.find("boot"), "order"),
    }
