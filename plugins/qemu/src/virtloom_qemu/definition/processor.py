"""The processor of a domain that names none, and how strictly it is checked (`qemuDomainDefCPUPostParse`)."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom_qemu.definition.guest import Guest

MAX_CPU = "max-x86_64-cpu"  # the processor that can be told to leave out what no other host has


def processor(guest: Guest) -> None:
    """Every guest has a processor; without one of its own, the machine's."""
    cpu = guest.root.find("cpu")
    if cpu is None or (cpu.get("mode") in (None, "custom") and not _model(cpu)):
        cpu = _default(guest, cpu)
    if cpu is None:
        return
    mode = cpu.get("mode") or "custom"
    if mode == "host-passthrough" and guest.is_x86:
        cpu.attrs.setdefault("migratable", "on" if guest.emulator.has(MAX_CPU) else "off")
    if mode == "custom" and not _model(cpu):
        return
    if cpu.get("check") is None:
        cpu.attrs["check"] = _check(mode, guest.type)


def _model(cpu: Node) -> str:
    model = cpu.find("model")
    return "" if model is None else model.text.strip()


def _check(mode: str, kind: str) -> str:
    if mode in ("host-passthrough", "maximum"):
        return "none"
    return "none" if mode == "custom" and kind == "qemu" else "partial"


def _default(guest: Guest, cpu: Node | None) -> Node | None:
    """The machine's own processor, which may not be runnable anywhere and is therefore not checked.

    :raises VirtError: CONFIG_UNSUPPORTED if how to check it was said without saying what it is.
    """
    if cpu is not None and cpu.get("check") is not None:
        detail = "check attribute specified for CPU with no model"
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.DOMAIN)
    machine = guest.machine
    if machine is None or machine.default_cpu is None:
        return cpu
    cpu = cpu if cpu is not None else guest.root.need("cpu")
    cpu.attrs = {"mode": "custom", "match": "exact", "check": "none"}
    cpu.drop("model")
    cpu.children.insert(0, Node("model", {"fallback": "forbid"}, machine.default_cpu))
    return cpu
