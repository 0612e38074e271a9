"""The guest's NUMA cells, and the host's nodes that its memory comes from (`virDomainNumaDefParseXML`)."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.cleaning.sizes import in_units
from virtloom.xmldef.values import Misfit, cpus

LOCAL = 10  # the distance of a cell to itself
REMOTE = 20  # and to any other, as far as nobody says
UNREACHABLE = 255
PINS = ("vcpupin", "emulatorpin", "iothreadpin")


def cells(root: Node) -> None:
    """Cells are numbered from 0 without a gap, and their memory is in KiB."""
    numa = root.find("cpu/numa")
    if numa is None:
        return
    found = list(numa.all("cell"))
    if not found:
        raise _refuse("NUMA topology defined without NUMA cells")
    taken: set[int] = set()
    for place, cell in enumerate(found):
        _number(cell, place, len(found), taken)
        _memory(cell)
        if cell.get("cpus"):
            cell.attrs["cpus"] = _set(cell.attrs["cpus"])
    numa.children = [*sorted(found, key=_id), *(child for child in numa.children if child.tag != "cell")]


def _id(cell: Node) -> int:
    return int(cell.attrs["id"])


def _number(cell: Node, place: int, count: int, taken: set[int]) -> None:
    text = cell.attrs.get("id", str(place))
    number = int(text) if text.isascii() and text.isdigit() else count
    if number >= count:
        raise _refuse(
            "Exactly one 'cell' element per guest NUMA cell allowed, non-contiguous ranges or ranges not starting "
            "from 0 are not allowed"
        )
    if number in taken:
        raise _refuse(f"Duplicate NUMA cell info for cell id '{number}'")
    taken.add(number)
    cell.attrs = {"id": str(number), **{name: value for name, value in cell.attrs.items() if name != "id"}}


def _memory(cell: Node) -> None:
    size = Node("memory", {"unit": cell.attrs["unit"]} if cell.get("unit") else {}, cell.get("memory") or "")
    in_units(size, "KiB", 1024)
    cell.attrs |= {"memory": size.text, "unit": "KiB"}


def distances(root: Node) -> None:
    """What one cell says of another holds the other way round (`virDomainNumaDefNodeDistanceParseXML`)."""
    numa = root.find("cpu/numa")
    if numa is None:
        return
    found = sorted(numa.all("cell"), key=_id)
    table: dict[int, dict[int, int]] = {}
    for cell in found:
        for sibling in (one for node in cell.all("distances") for one in node.all("sibling")):
            here, there, value = _id(cell), *_sibling(sibling, cell, len(found))
            table.setdefault(here, {here: LOCAL})[there] = value
            table.setdefault(there, {there: LOCAL}).setdefault(here, value)
    for cell in found:
        cell.children = [child for child in cell.children if child.tag != "distances"]
        if _id(cell) in table:
            node = Node("distances")
            for there, value in sorted(table[_id(cell)].items()):
                node.add("sibling", {"id": str(there), "value": str(value)})
            cell.children.insert(0, node)


def _sibling(sibling: Node, cell: Node, count: int) -> tuple[int, int]:
    texts = []
    for name in ("id", "value"):
        text = sibling.get(name)
        if text is None:
            detail = f"Missing required attribute '{name}' in element 'sibling'"
            raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.XML)
        texts.append(int(text) if text.isascii() and text.isdigit() else count)
    there, value = texts
    here = _id(cell)
    if there >= count:
        raise _refuse(f"'sibling_id {there}' does not refer to a valid cell within NUMA 'cell id {here}'")
    if not LOCAL <= value <= UNREACHABLE or (there == here) != (value == LOCAL):
        raise _refuse(f"'value {value}' is invalid for 'sibling id {there}' under NUMA 'cell id {here}'")
    return there, value


def placement(root: Node) -> None:
    """Memory comes from the nodes that are named, or from those that the host chooses (`virDomainNumatuneSet`)."""
    vcpu = root.find("vcpu")
    automatic = vcpu is not None and vcpu.get("placement") == "auto"
    tune = root.find("numatune")
    memory = None if tune is None else tune.find("memory")
    if memory is not None:
        _memory_placement(memory, automatic)
    elif automatic:
        tune = tune or root.add("numatune")
        memory = Node("memory", {"mode": "strict", "placement": "auto"})
        tune.children.insert(0, memory)
    if memory is not None and memory.get("placement") == "auto" and not automatic:
        _place_processors(root)
    if tune is not None:
        _bindings(root, tune, memory)


def _place_processors(root: Node) -> None:
    """Processors follow the memory, unless they are bound to the host's."""
    vcpu, tune = root.find("vcpu"), root.find("cputune")
    pins = [] if tune is None else [one for one in tune.children if one.tag in PINS]
    if vcpu is not None and vcpu.get("cpuset") is None and not pins:
        vcpu.attrs["placement"] = "auto"


def _memory_placement(memory: Node, automatic: bool) -> None:
    nodes = memory.get("nodeset")
    chosen = memory.get("placement") or ("static" if nodes or not automatic else "auto")
    if chosen == "static" and nodes is None:
        detail = "nodeset for NUMA memory tuning must be set if 'placement' is 'static'"
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.DOMAIN)
    where = {"placement": "auto"} if chosen == "auto" or nodes is None else {"nodeset": _set(nodes)}
    memory.attrs = {"mode": memory.get("mode") or "strict", **where}


def _bindings(root: Node, tune: Node, memory: Node | None) -> None:
    bindings = list(tune.all("memnode"))
    if not bindings:
        return
    if memory is not None and memory.get("placement") == "auto":
        detail = "Per-node binding is not compatible with automatic NUMA placement."
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.DOMAIN)
    if root.find("cpu/numa") is None:
        raise _refuse("Element 'memnode' is invalid without any guest NUMA cells")
    for node in bindings:
        node.attrs.setdefault("mode", "strict")
        if node.get("nodeset"):
            node.attrs["nodeset"] = _set(node.attrs["nodeset"])
    tune.children.sort(key=lambda node: int(node.get("cellid") or 0) if node.tag == "memnode" else -1)


def _set(text: str) -> str:
    try:
        return cpus.format(cpus.parse(text))
    except Misfit:
        return text


def _refuse(detail: str) -> VirtError:
    return VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.DOMAIN)
