"""What of a memory module can change while the guest runs: how much of it the guest is asked to use."""

from __future__ import annotations

from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.hotplug.comparing import Fixed, refuse_changes, refuse_other_alias
from virtloom_qemu.hotplug.finding import replaced, same_place
from virtloom_qemu.hotplug.kinds import value
from virtloom_qemu.runs.talk import Talk

KIB = 1024
FIXED = [
    Fixed("model", "cannot modify memory model from '{old}' to '{new}'"),
    Fixed("access", "cannot modify memory access from '{old}' to '{new}'"),
    Fixed("discard", "cannot modify memory discard from '{old}' to '{new}'"),
    Fixed("source/nodemask#", "cannot modify memory source nodes"),
    Fixed("source/pagesize#", "cannot modify memory pagesize from '{old}' to '{new}'"),
    Fixed("source/path#", "cannot modify memory path from '{old}' to '{new}'"),
    Fixed("source/alignsize#", "cannot modify memory align size from '{old}' to '{new}'"),
    Fixed("target/node#", "cannot modify memory targetNode from '{old}' to '{new}'"),
    Fixed("target/size#", "cannot modify memory size from '{old}' to '{new}'"),
    Fixed("target/label/size#", "cannot modify memory label size from '{old}' to '{new}'"),
    Fixed("target/block#", "cannot modify memory block size from '{old}' to '{new}'"),
    Fixed("target/readonly#", "cannot modify memory pmem flag"),
    Fixed("uuid#", "cannot modify memory UUID"),
]


def change_module(talk: Talk, live: Domain, new: Node) -> Domain:
    """A guest's definition with another size asked of a module (`qemuDomainChangeMemoryLive`).

    :raises VirtError: CONFIG_UNSUPPORTED for any other change.
    """
    old = module_at(live, new)
    if old is None:
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, f"memory '{value(new, 'alias@name') or '(null)'}' not found")
    refuse_other_alias(old, new)
    if old.get("model") != "virtio-mem":
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, f"cannot modify memory of model '{old.get('model')}'")
    refuse_changes(old, new, FIXED, ErrorCode.CONFIG_UNSUPPORTED)
    size = int(value(new, "target/requested#") or 0)
    path = f"/machine/peripheral/{value(old, 'alias@name')}"
    talk.ask("qom-set", path=path, property="requested-size", value=size * KIB)
    made = old.copy()
    made.need("target").need("requested").text = str(size)
    return replaced(live, "memory", old, made)


def module_at(definition: Domain, node: Node) -> Node | None:
    """The module that sits where a document says (`virDomainMemoryFindByDeviceInfo`)."""
    if node.find("address") is None:
        return None
    return next((one for one in definition.parts.memories if same_place(node, one)), None)
