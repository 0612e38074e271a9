"""The processor of one run: what was left to the host is decided (`virCPUUpdate`).

A guest may be told to have what the host has (`host-model`, a `minimum`), or a feature if the host has it (`optional`).
"""

from __future__ import annotations

from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.document import Node
from virtloom_qemu.capabilities.processor import features_on, host_model
from virtloom_qemu.command.context import Context
from virtloom_qemu.definition.guest import Guest


def decide_processor(guest: Guest, context: Context) -> None:
    """Put what the emulator can give in the place of what was left open.

    :raises VirtError: CONFIG_UNSUPPORTED if it cannot give that, or does not tell what it can.
    """
    cpu = guest.root.find("cpu")
    if cpu is None or not guest.is_x86:
        return
    mode = cpu.get("mode") or "custom"
    if mode == "host-passthrough" and guest.type != "kvm":
        raise _unsupported(guest, mode)
    if mode not in ("custom", "host-model"):
        return
    optional = [one for one in cpu.all("feature") if one.get("policy") == "optional"]
    follows = mode == "host-model" or cpu.get("match") == "minimum"
    if not optional and not follows:
        return
    most = context.emulator.most(guest.type)
    if not most:
        raise _unsupported(guest, mode)
    there = features_on(most)
    for one in optional:
        one.attrs["policy"] = "require" if one.get("name") in there else "disable"
    if follows:
        _follow(guest, context, cpu, mode)


def _follow(guest: Guest, context: Context, cpu: Node, mode: str) -> None:
    """Give a processor the model and the features that the host has, and what was said besides."""
    like = host_model(context.emulator, guest.arch, guest.type, migratable=True)
    if like is None:
        raise _unsupported(guest, mode)
    model, vendor_id = like.need("model"), cpu.value("model", "vendor_id")
    if vendor_id is not None:
        model.attrs["vendor_id"] = vendor_id
    said = {one.get("name"): one for one in cpu.all("feature")}
    kept = [one for one in cpu.children if one.tag not in ("model", "vendor", "feature")]
    features = [said.pop(one.get("name"), one) for one in like.all("feature")]
    vendor = cpu.find("vendor") if mode == "custom" else like.find("vendor")
    cpu.children = [model, *([] if vendor is None else [vendor]), *kept, *features, *said.values()]
    cpu.attrs |= {"mode": "custom", "match": "exact"}


def _unsupported(guest: Guest, mode: str) -> VirtError:
    detail = f"CPU mode '{mode}' for {guest.arch} {guest.type} domain on x86_64 host is not supported by hypervisor"
    return VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail)
