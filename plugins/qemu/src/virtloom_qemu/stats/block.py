"""Numbers about disks, as a guest's monitor has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from virtloom.xmldef.domain.devices import Disk
from virtloom_qemu.runs.talk import Talk
from virtloom_qemu.storage.layers import Layer


@dataclass(frozen=True)
class BlockStats:
    """What was read from and written to one disk: requests, bytes, and time in ns; sizes in bytes.

    :ivar capacity: what the guest sees; :ivar physical: what its file takes.
    :ivar highest: the highest place that was written to, or None if unknown.
    """

    rd_reqs: int = 0
    rd_bytes: int = 0
    rd_times: int = 0
    wr_reqs: int = 0
    wr_bytes: int = 0
    wr_times: int = 0
    fl_reqs: int = 0
    fl_times: int = 0
    capacity: int = 0
    physical: int = 0
    highest: int | None = None

    def plus(self, other: BlockStats) -> BlockStats:
        """The requests of two disks together."""
        names = [field.name for field in fields(self)][:8]
        return BlockStats(**{name: getattr(self, name) + getattr(other, name) for name in names})


class Blocks:
    """All disks of a guest at one moment.

    :param talk: asked twice: what was read and written, and how large the images are.
    """

    def __init__(self, talk: Talk) -> None:
        self._by_device: dict[str, Mapping[str, Any]] = {}
        self._by_node: dict[str, Mapping[str, Any]] = {}
        for one in talk.ask("query-blockstats"):
            for name in (one.get("device"), (one.get("qdev") or "").removesuffix("/virtio-backend").rpartition("/")[2]):
                if name:
                    self._by_device[name] = one
        for one in talk.ask("query-blockstats", query_nodes=True):
            self._by_node[one.get("node-name") or ""] = one
        told = talk.ask("query-named-block-nodes", flat=True)
        self._images = {one["node-name"]: one["image"] for one in told}
        self._thresholds = {one["node-name"]: int(one.get("write_threshold", 0)) for one in told}

    def of(self, disk: Disk) -> BlockStats | None:
        """One disk; None if the monitor does not know it."""
        alias = (disk.alias.get("name") if disk.alias is not None else None) or ""
        found = self._by_device.get(alias)
        if found is None:
            return None
        return self._stats(found.get("stats") or {}, found.get("node-name") or "")

    def node(self, name: str) -> BlockStats | None:
        """One image by the name of its node."""
        found = self._by_node.get(name)
        return None if found is None else self._stats(found.get("stats") or {}, name)

    def threshold(self, layer: Layer) -> int:
        """What somebody wants to be told of past so many bytes written to an image; 0 for nothing."""
        return self._thresholds.get(f"libvirt-{layer.number}-storage", 0)

    def _stats(self, told: Mapping[str, Any], node: str) -> BlockStats:
        image = self._images.get(node, {})
        lower = self._by_node.get(f"{node.removesuffix('-format')}-storage", self._by_node.get(node, {}))
        written = (lower.get("stats") or {}).get("wr_highest_offset")
        return BlockStats(
            rd_reqs=told.get("rd_operations", 0),
            rd_bytes=told.get("rd_bytes", 0),
            rd_times=told.get("rd_total_time_ns", 0),
            wr_reqs=told.get("wr_operations", 0),
            wr_bytes=told.get("wr_bytes", 0),
            wr_times=told.get("wr_total_time_ns", 0),
            fl_reqs=told.get("flush_operations", 0),
            fl_times=told.get("flush_total_time_ns", 0),
            capacity=image.get("virtual-size", 0),
            physical=image.get("actual-size", 0),
            highest=written,
        )

    def total(self, disks: Iterable[Disk]) -> BlockStats:
        """All disks of a guest together."""
        made = BlockStats()
        for disk in disks:
            made = made.plus(self.of(disk) or BlockStats())
        return made
