"""Memory that guests share (`qemuBuildShmemCommandLine`)."""

from __future__ import annotations

from virtloom.xmldef.document import Node
from virtloom_qemu.command.context import Context
from virtloom_qemu.command.devices.characters import add_backend
from virtloom_qemu.command.devices.common import Props, address
from virtloom_qemu.command.line import CommandLine, given
from virtloom_qemu.command.values import alias, positive, switch, text_of
from virtloom_qemu.definition.guest import Guest


def add_shmems(guest: Guest, context: Context, line: CommandLine) -> None:
    """Memory that guests share."""
    for device in guest.all("shmem"):
        model = device.value("model", "type") or ""
        server = device.find("server")
        if model == "ivshmem-plain":
            size = int(text_of(device, "size") or 0) << 20
            props = {"mem-path": f"/dev/shm/{device.get('name')}", "size": size, "share": True}
            line.object("memory-backend-file", f"shmmem-{alias(device)}", props)
        line.device(shmem_properties(guest, device, model))
        if server is not None:
            source = Node("server", {"type": "unix", **server.attrs})
            add_backend(line, context, f"char{alias(device)}", source)


def shmem_properties(guest: Guest, device: Node, model: str) -> Props:
    """The device that shared memory is."""
    served = device.find("server") is not None
    role, msi = device.get("role"), device.find("msi")
    props = {
        "driver": model,
        "id": alias(device),
        "chardev": f"char{alias(device)}" if served else None,
        "memdev": None if served else f"shmmem-{alias(device)}",
        "master": {None: None, "master": "on", "peer": "off"}[None if served else role],
        "vectors": positive(msi, "vectors"),
        "ioeventfd": switch(msi.get("ioeventfd")) if msi is not None else None,
    }
    return given({**props, **address(guest, device)})
