"""Folders of the host's: over 9p, or by a virtiofsd of their own (`qemuBuildFilesystemCommandLine`)."""

from __future__ import annotations

from virtloom.xmldef.document import Node
from virtloom_qemu.command.context import Context
from virtloom_qemu.command.devices.characters import add_backend
from virtloom_qemu.command.devices.common import address, virtio
from virtloom_qemu.command.line import CommandLine
from virtloom_qemu.command.values import alias, is_virtiofs, positive, text_of
from virtloom_qemu.definition.guest import Guest

SECURITY = {"mapped": "mapped", "passthrough": "passthrough", "squash": "none"}


def add_filesystems(guest: Guest, context: Context, line: CommandLine) -> None:
    """Folders of the host's: over 9p, or by a virtiofsd of their own."""
    for device in guest.all("filesystem"):
        if is_virtiofs(device):
            _virtiofs(guest, context, device, line)
        else:
            _plan9(guest, device, line)


def _virtiofs(guest: Guest, context: Context, device: Node, line: CommandLine) -> None:
    name, own = f"chr-vu-{alias(device)}", device.value("source", "socket")
    path = own or f"{context.folder(text_of(guest.root, 'name') or '')}/{socket_name(alias(device))}"
    source = Node("source", {"type": "unix", "mode": "connect", "path": path})
    add_backend(line, context, name, source)
    props = {
        **virtio("vhost-user-fs", device),
        "id": alias(device),
        "chardev": name,
        "queue-size": positive(device.find("driver"), "queue"),
        "tag": device.value("target", "dir"),
        "bootindex": positive(device.find("boot"), "order"),
    }
    line.device({**props, **address(guest, device)})


def socket_name(name: str) -> str:
    """What the socket is called in a run's folder that the server of a folder is met at.

    :param name: the device's alias.
    """
    return f"{name}-fs.sock"


def _plan9(guest: Guest, device: Node, line: CommandLine) -> None:
    driver, name = device.find("driver"), alias(device)
    parts = ["handle"] if driver is not None and driver.get("type") == "handle" else _local(device)
    policy = driver.get("wrpolicy") if driver is not None else None
    parts += [f"writeout={policy}"] if policy is not None else []
    path = (device.value("source", "dir") or "").replace(",", ",,")
    parts += [f"id=fsdev-{name}", f"path={path}"]
    line.option("fsdev", ",".join(parts) + (",readonly" if device.find("readonly") is not None else ""))
    props = {"id": name, "fsdev": f"fsdev-{name}", "mount_tag": device.value("target", "dir")}
    line.device({**virtio("virtio-9p", device, device.get("model")), **props, **address(guest, device)})


def _local(device: Node) -> list[str]:
    multidevs = device.get("multidevs")
    parts = ["local", f"security_model={SECURITY[device.get('accessmode') or 'passthrough']}"]
    parts += [f"multidevs={multidevs}"] if multidevs not in (None, "default") else []
    return parts + [f"{mode}={device.get(mode)}" for mode in ("fmode", "dmode") if device.get(mode) is not None]
