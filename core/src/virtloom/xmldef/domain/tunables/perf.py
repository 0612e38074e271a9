"""Performance counters that a guest is watched by (`<perf>`)."""

from __future__ import annotations

from collections.abc import Mapping

from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain

PERF_EVENTS = (
    "cmt", "mbmt", "mbml", "cpu_cycles", "instructions", "cache_references", "cache_misses", "branch_instructions",
    "branch_misses", "bus_cycles", "stalled_cycles_frontend", "stalled_cycles_backend", "ref_cpu_cycles", "cpu_clock",
    "task_clock", "page_faults", "context_switches", "cpu_migrations", "page_faults_min", "page_faults_maj",
    "alignment_faults", "emulation_faults",
)  # fmt: skip


def perf_events(definition: Domain) -> dict[str, bool]:
    """The counters that a definition names, and whether each is wanted."""
    node = definition.perf
    return {} if node is None else {one.get("name") or "": one.get("enabled") == "yes" for one in node.all("event")}


def with_perf_events(definition: Domain, given: Mapping[str, object]) -> Domain:
    """A definition with some counters wanted, or no more."""
    events = perf_events(definition) | {name: bool(on) for name, on in given.items()}
    node = Node("perf")
    for name in PERF_EVENTS:
        if name in events:
            node.add("event", {"name": name, "enabled": "yes" if events[name] else "no"})
    return definition.replace(perf=node)
