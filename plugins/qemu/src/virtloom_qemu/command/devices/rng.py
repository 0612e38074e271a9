"""Sources of entropy (`qemuBuildRNGCommandLine`)."""

from __future__ import annotations

from virtloom.xmldef.document import Node
from virtloom_qemu.command.context import Context
from virtloom_qemu.command.devices.characters import add_backend
from virtloom_qemu.command.devices.common import Props, address, virtio
from virtloom_qemu.command.line import CommandLine, given
from virtloom_qemu.command.values import alias, positive
from virtloom_qemu.definition.guest import Guest, number

RNG_PERIOD = 1000  # ms


def add_rngs(guest: Guest, context: Context, line: CommandLine) -> None:
    """Sources of entropy."""
    for device in guest.all("rng"):
        rng_backend(device, context, line)
        line.device(rng_properties(guest, device))


def rng_backend(device: Node, context: Context, line: CommandLine) -> None:
    """The host's end of a source of entropy."""
    backend = device.need("backend")
    model, name = backend.get("model"), f"obj{alias(device)}"
    if model == "egd":
        add_backend(line, context, f"char{alias(device)}", backend)
        line.object("rng-egd", name, {"chardev": f"char{alias(device)}"})
    elif model == "builtin":
        line.object("rng-builtin", name, {})
    else:
        line.object("rng-random", name, {"filename": backend.text.strip()})


def rng_properties(guest: Guest, device: Node) -> Props:
    """The guest's end of a source of entropy."""
    rate = device.find("rate")
    bytes_max = positive(rate, "bytes")
    period = (number(rate, "period") or RNG_PERIOD) if bytes_max else None
    props = {
        **virtio("virtio-rng", device, device.get("model")),
        "rng": f"obj{alias(device)}",
        "id": alias(device),
        "max-bytes": bytes_max,
        "period": period,
    }
    return given({**props, **address(guest, device)})
