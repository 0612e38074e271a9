"""The guest's processors and their caches, counters and pins: what is said once, and what is said at all."""

from __future__ import annotations

from collections.abc import Iterable

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.checks.refusal import internal, malformed

CACHE_WORDS = {
    "associativity": ("none", "direct", "full"),
    "policy": ("none", "writeback", "writethrough"),
}


def _twice(values: Iterable[str | None]) -> str | None:
    """The first value that is there twice."""
    seen: set[str] = set()
    for value in values:
        if value is not None and value in seen:
            return value
        seen.add(value or "")
    return None


def counters(root: Node) -> None:
    """`virDomainPerfEventDefParseXML`"""
    again = _twice(event.get("name") for perf in root.all("perf") for event in perf.all("event"))
    if again is not None:
        raise malformed(f"perf event '{again}' was already specified")


def pins(root: Node) -> None:
    """A thread is pinned once (`virDomainVcpuPinDefParseXML`)."""
    tune = root.find("cputune")
    if tune is None:
        return
    count = next((one.text.strip() for one in root.all("vcpu")), "1")
    known = [pin for pin in tune.all("vcpupin") if not count.isdigit() or int(pin.get("vcpu") or 0) < int(count)]
    again = _twice(pin.get("vcpu") for pin in known)
    if again is not None:
        raise internal(f"duplicate vcpupin for vcpu '{again}'")
    again = _twice(pin.get("iothread") for pin in tune.all("iothreadpin"))
    if again is not None:
        raise internal(f"duplicate iothreadpin for same iothread '{again}'")


def processor_features(root: Node) -> None:
    """`virCPUDefParseXML`"""
    cpu = root.find("cpu")
    if cpu is None:
        return
    again = _twice(feature.get("name") for feature in cpu.all("feature"))
    if again is not None:
        detail = f"CPU feature '{again}' specified more than once"
        raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.CPU)
    if sum(1 for _ in cpu.all("cache")) > 1:
        raise VirtError(ErrorCode.XML_ERROR, "at most one CPU cache element may be specified", ErrorDomain.CPU)


def caches(root: Node) -> None:
    """The caches of memory beside the processors (`virDomainNumaDefNodeCacheParseXML`)."""
    numa = root.find("cpu/numa")
    for number, cell in enumerate(numa.all("cell") if numa is not None else ()):
        for cache in cell.all("cache"):
            _cache(cache, cell.get("id") or str(number))


def _cache(cache: Node, cell: str) -> None:
    level = cache.get("level")
    where = f"in cache element for NUMA node {cell}"
    if level is None:
        raise malformed(f"Missing 'level' attribute {where}")
    if not level.isdecimal() or int(level) == 0:
        raise malformed(f"Invalid 'level' attribute {where}")
    for name, words in CACHE_WORDS.items():
        value = cache.get(name)
        if value is None:
            raise malformed(f"Missing '{name}' attribute {where}")
        if value not in words:
            raise malformed(f"Invalid cache {name} '{value}'")


def tables(root: Node) -> None:
    """The tables that a guest is given of its own (`virDomainDefParseBootAcpiOptions`)."""
    found = [table for os in root.all("os") for acpi in os.all("acpi") for table in acpi.all("table")]
    if len(found) > 1:
        raise malformed("Only one acpi table is supported")
    for table in found:
        kind = table.get("type")
        if not kind:
            raise malformed("Missing acpi table type")
        if kind != "slic":
            raise malformed(f"Unknown acpi table type: {kind}")
