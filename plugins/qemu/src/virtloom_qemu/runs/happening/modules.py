"""What the memory modules of a guest are while it runs: where it finds them, and how much of them it uses."""

from __future__ import annotations

from typing import Any

from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.runs.talk import Talk

KIB = 1024
GROWS = "virtio-mem"  # the model of which a guest uses as much as it likes, up to what is requested


def with_modules(live: Domain, talk: Talk) -> Domain:
    """A definition whose modules say what the guest makes of them (`qemuDomainUpdateMemoryDeviceInfo`).

    :raises VirtError: if the monitor fails.
    """
    if not live.parts.memories:
        return live
    told = {one["data"].get("id"): one["data"] for one in talk.ask("query-memory-devices")}
    return live.with_devices(memories=tuple(_with_told(one, told) for one in live.parts.memories))


def _with_told(module: Node, told: dict[str, dict[str, Any]]) -> Node:
    found = told.get(module.value("alias", "name") or "")
    if found is None:
        return module
    if module.get("model") == GROWS:
        return _with_current(module, int(found["size"]))
    place = module.find("address")
    if place is None or place.get("type") != "dimm" or not found.get("addr"):
        return module
    made = module.copy()
    made.need("address").attrs = {"type": "dimm", "slot": str(found["slot"]), "base": hex(found["addr"])}
    return made


def grown(live: Domain, alias: str, size: int) -> Domain:
    """A definition of whose module the guest uses another size, in bytes; the memory that it has changes too."""
    modules = live.parts.memories
    changed = tuple(_with_current(one, size) if one.value("alias", "name") == alias else one for one in modules)
    found = live.with_devices(memories=changed)
    if live.current_memory is None:
        return found
    return found.replace(current_memory=live.current_memory - plugged(live) + plugged(found))


def plugged(live: Domain) -> int:
    """How much memory, in KiB, a guest uses of modules besides what its balloon knows of."""
    modules = (one for one in live.parts.memories if one.get("model") == GROWS)
    return sum(int(size.text) for one in modules if (size := one.find("target/current")) is not None)


def _with_current(module: Node, size: int) -> Node:
    made = module.copy()
    target = made.need("target")
    current = target.find("current")
    if current is None:
        current = Node("current", {"unit": "KiB"})
        names = [one.tag for one in target.children]
        target.children.insert(names.index("requested") + 1 if "requested" in names else len(names), current)
    current.text = str(-(-size // KIB))
    return made
