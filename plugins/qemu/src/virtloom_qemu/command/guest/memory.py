"""Memory: what is behind it on the host, and modules that can be plugged (`qemuBuildMemoryBackendProps`)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.values import cpus
from virtloom_qemu.command.context import Context
from virtloom_qemu.command.devices.common import address
from virtloom_qemu.command.guest.pages import huge_page, hugepage_folder
from virtloom_qemu.command.line import CommandLine, given
from virtloom_qemu.command.values import alias, switch, text_of
from virtloom_qemu.definition.guest import Guest, number

KIB = 1024
POLICIES = {"strict": "bind", "preferred": "preferred", "interleave": "interleave"}
Props = dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """A piece of memory.

    :ivar size: in KiB; :ivar cell: the guest's NUMA cell, if it is for one; :ivar page: the size of its pages in KiB.
    :ivar system: whether it is the guest's memory as a whole.
    """

    name: str
    size: int
    cell: int | None = None
    system: bool = False
    access: str | None = None
    discard: str | None = None
    page: int = 0
    file: str | None = None
    pmem: bool = False
    align: int = 0
    nodes: str | None = None
    model: str = ""
    plugged: bool = False


def initial_memory(guest: Guest) -> int:
    """KiB that the guest has without what is in its modules."""
    total = int(text_of(guest.root, "memory") or 0)
    return total - sum(module_size(module) for module in guest.all("memory"))


def module_size(module: Node) -> int:
    """The size of a memory module in KiB."""
    return int(text_of(module, "target/size") or 0)


def add_memory(guest: Guest, context: Context, line: CommandLine) -> None:
    """`-m`, and what is behind the memory of a guest without NUMA cells."""
    maximum = guest.root.find("maxMemory")
    size = initial_memory(guest)
    if maximum is None:
        line.option("m", str(size // KIB))
    else:
        line.option("m", f"size={size}k,slots={maximum.get('slots')},maxmem={maximum.text}k")
    machine = guest.machine
    if guest.root.find("cpu/numa") is None and machine is not None and machine.ram_id:
        wanted = Wanted(machine.ram_id, size, system=True)
        props, _ = memory_backend(guest, context, wanted)
        add_backend_object(line, wanted.name, props)
    locked = guest.root.find("memoryBacking/locked") is not None
    line.option("overcommit", f"mem-lock={'on' if locked else 'off'}")


def add_backend_object(line: CommandLine, name: str, props: Props) -> None:
    """Add a memory backend, with the threads that fill it in where it is filled in on other nodes."""
    line.object(props["qom-type"], name, {key: value for key, value in props.items() if key != "qom-type"})


def memory_backend(guest: Guest, context: Context, wanted: Wanted) -> tuple[Props, bool]:
    """The object behind a piece of memory, and whether the guest asked for what only an object can give.

    :raises VirtError: INTERNAL_ERROR where huge pages are asked for and the host has none.
    """
    backing = guest.root.find("memoryBacking")
    source = (backing.value("source", "type") if backing is not None else None) or ""
    access = wanted.access or _of_cell(guest, wanted.cell, "memAccess") or _backing(guest, "access", "mode")
    page, needed = huge_page(guest, wanted.cell, wanted.page)
    props: Props = {"qom-type": "memory-backend-ram"}
    shared = {"share": access == "shared"} if access else {}
    if wanted.model == "sgx-epc":
        props["qom-type"] = "memory-backend-epc"
    elif wanted.file is None and source == "memfd":
        huge = {"hugetlb": True, "hugetlbsize": page * KIB} if page else {}
        props = {"qom-type": "memory-backend-memfd", **huge, **shared}
    elif page or wanted.file or access or source == "file":
        path = wanted.file or (hugepage_folder(guest, context, page) if page else _file(guest, context, wanted))
        props = {"qom-type": "memory-backend-file", "mem-path": path}
        if wanted.file is None:
            discard = wanted.discard or _of_cell(guest, wanted.cell, "discard")
            general = "yes" if backing is not None and backing.find("discard") is not None else None
            props["discard-data"] = switch(discard or general)
        props |= shared
    if wanted.system and props["qom-type"] not in ("memory-backend-ram", "memory-backend-epc"):
        props["x-use-canonical-path-for-ramblock-id"] = False
    props |= _allocation(guest, wanted, page)
    props |= {"size": wanted.size * KIB, "align": wanted.align * KIB or None, "pmem": wanted.pmem or None}
    nodes, strict = _host_nodes(guest, wanted)
    props |= nodes
    asked = needed or wanted.nodes or strict or wanted.file or access or source in ("file", "memfd")
    return given(props), bool(asked)


def _allocation(guest: Guest, wanted: Wanted, page: int) -> Props:
    immediate = _backing(guest, "allocation", "mode") == "immediate"
    threads = number(guest.root.find("memoryBacking/allocation"), "threads")
    if wanted.model == "virtio-mem":
        return {"reserve": False}
    prealloc = immediate or (bool(page) if wanted.file is None else not wanted.pmem and wanted.model != "virtio-pmem")
    if wanted.model == "sgx-epc":
        prealloc = True
    return {"prealloc": prealloc or None, "prealloc-threads": threads or None}


def _host_nodes(guest: Guest, wanted: Wanted) -> tuple[Props, bool]:
    """The host's NUMA nodes that memory comes from, and whether the cell has its own."""
    tune = guest.root.find("numatune")
    own = None
    if tune is not None and wanted.cell is not None:
        own = next((one for one in tune.all("memnode") if one.get("cellid") == str(wanted.cell)), None)
    general = tune.find("memory") if tune is not None else None
    chosen = own if own is not None else general
    mode = (chosen.get("mode") if chosen is not None else None) or "strict"
    if wanted.nodes is None and chosen is not None and chosen.get("placement") == "auto":
        detail = "Advice from numad is needed in case of automatic numa placement"
        raise VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.DOMAIN)
    text = wanted.nodes or (chosen.get("nodeset") if chosen is not None else None)
    if not text:
        return {}, own is not None
    nodes = sorted(cpus.parse(text))
    _available(nodes)
    if mode == "restrictive":
        return {}, own is not None
    return {"host-nodes": nodes, "policy": POLICIES[mode]}, own is not None


def refuse_missing_nodes(guest: Guest) -> None:
    """The host's nodes that a guest's memory is bound to are there (`virDomainNumatuneNodesetIsAvailable`).

    :raises VirtError: CONFIG_UNSUPPORTED.
    """
    tune = guest.root.find("numatune")
    for chosen in () if tune is None else (*tune.all("memory"), *tune.all("memnode")):
        if chosen.get("nodeset"):
            _available(sorted(cpus.parse(chosen.get("nodeset") or "")))


def preallocate(guest: Guest, line: CommandLine) -> None:
    """Fill memory in that no object stands for, if that was asked for (`qemuBuildMemPathStr`)."""
    if _backing(guest, "allocation", "mode") == "immediate":
        line.option("mem-prealloc")


def _available(nodes: list[int]) -> None:
    """Refuse nodes that this host does not have."""
    for node in nodes:
        if node and not Path(f"/sys/devices/system/node/node{node}").exists():
            detail = f"NUMA node {node} is unavailable"
            raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.NONE)


def _file(guest: Guest, context: Context, wanted: Wanted) -> str:
    name = text_of(guest.root, "name") or ""
    return str(context.state / "ram" / context.run_name(name).removeprefix("domain-") / wanted.name)


def _of_cell(guest: Guest, cell: int | None, name: str) -> str | None:
    numa = guest.root.find("cpu/numa")
    if cell is None or numa is None:
        return None
    return next((one.get(name) for one in numa.all("cell") if number(one, "id") == cell), None)


def _backing(guest: Guest, element: str, name: str) -> str | None:
    return guest.root.value(f"memoryBacking/{element}", name)


def add_modules(guest: Guest, context: Context, line: CommandLine) -> None:
    """Modules that were plugged in."""
    for module in guest.all("memory"):
        props, _ = memory_backend(guest, context, module_backend(module))
        add_backend_object(line, f"mem{alias(module)}", props)
        if module.get("model") != "sgx-epc":
            line.device(module_properties(guest, module))


def module_backend(module: Node) -> Wanted:
    """What is behind a module."""
    source = module.find("source")
    page = source.find("pagesize") if source is not None else None
    node = text_of(module, "target/node")
    return Wanted(
        f"mem{alias(module)}",
        module_size(module),
        cell=None if node is None else int(node),
        access=module.get("access"),
        discard=module.get("discard"),
        page=int(page.text) if page is not None else 0,
        file=text_of(source, "path"),
        pmem=source is not None and source.find("pmem") is not None,
        align=int(text_of(source, "alignsize") or 0),
        nodes=text_of(source, "nodemask"),
        model=module.get("model") or "",
        plugged=True,
    )


DRIVERS = {"dimm": "pc-dimm", "nvdimm": "nvdimm", "virtio-pmem": "virtio-pmem-pci", "virtio-mem": "virtio-mem-pci"}


def module_properties(guest: Guest, module: Node) -> Props:
    """The device that a module is."""
    node = text_of(module, "target/node")

    def size(path: str) -> int | None:
        return int(text_of(module, path) or 0) * KIB or None

    return given(
        {
            "driver": DRIVERS[module.get("model") or "dimm"],
            "node": None if node is None else int(node),
            "label-size": size("target/label/size"),
            "block-size": size("target/block"),
            "requested-size": int(text_of(module, "target/requested") or 0) * KIB or None,
            "uuid": text_of(module, "uuid"),
            "unarmed": True if module.find("target/readonly") is not None else None,
            "memdev": f"mem{alias(module)}",
            "prealloc": True if _preallocated(guest, module) else None,
            "id": alias(module),
            **address(guest, module),
        }
    )


def _preallocated(guest: Guest, module: Node) -> bool:
    if module.get("model") != "virtio-mem":
        return False
    wanted = module_backend(module)
    return _backing(guest, "allocation", "mode") == "immediate" or bool(huge_page(guest, wanted.cell, wanted.page)[0])
