"""What is known of a pool: its state behind its lock, and the snapshot of it that queries read.

Guarantees: everything that a state's fields hold is immutable and replaced whole, so that a snapshot costs nothing.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from virtloom.driver.handles import StoragePoolHandle, StorageVolHandle
from virtloom.driver.work.lanes import Pulse
from virtloom.locks import Guarded
from virtloom.xmldef.storage.pool import Pool
from virtloom.xmldef.storage.volume import Volume
from virtloom_storage.context import Context


class Claim(NamedTuple):
    """A use of a volume that goes on: a job, or a client's stream.

    :ivar volume: its name. :ivar exclusive: whether nobody else may use the volume meanwhile.
    :ivar api: client: what for, and for whom. :ivar since: of `time.monotonic`.
    :ivar pulse: its sign of life.
    """

    volume: str
    exclusive: bool
    api: str
    client: str
    since: float
    pulse: Pulse

    def __str__(self) -> str:
        age = time.monotonic() - self.since
        return f"{self.api} of client {self.client} on volume '{self.volume}' for {age:.0f} s"


class Entry(NamedTuple):
    """A volume of a pool.

    :ivar turn: whoever changes the volume takes a job on it first, so that they come one after the other.
    :ivar made_at: where it is while it is being made; None when it is whole.
    """

    volume: Volume
    turn: Guarded[None]
    made_at: str | None = None

    def handle(self, pool: str) -> StorageVolHandle:
        """How clients name it."""
        return StorageVolHandle(pool, self.volume.name, self.volume.key or "")


Entries = Mapping[str, Entry]


@dataclass(frozen=True)
class View:
    """A pool as it was at its last change.

    :ivar definition: what it is now; :ivar later: what it will be at its next start, if that is something else.
    """

    definition: Pool
    later: Pool | None
    active: bool
    persistent: bool
    autostart: bool
    volumes: Entries
    claims: tuple[Claim, ...]
    context: Context

    @property
    def handle(self) -> StoragePoolHandle:
        """How clients name it."""
        return StoragePoolHandle(self.definition.name, self.definition.uuid)


@dataclass
class PoolState:
    """A pool; see `View` for what its fields mean.

    :ivar closing: whether it is being stopped, so that nothing new may begin.
    :ivar touched: the names of volumes that changed since a refresh began; None while none runs.
    """

    definition: Pool
    context: Context
    later: Pool | None = None
    active: bool = False
    persistent: bool = False
    autostart: bool = False
    closing: bool = False
    volumes: Entries = field(default_factory=dict)
    claims: tuple[Claim, ...] = ()
    touched: frozenset[str] | None = None

    def view(self) -> View:
        """The snapshot of it."""
        return View(
            self.definition,
            self.later,
            self.active,
            self.persistent,
            self.autostart,
            self.volumes,
            self.claims,
            self.context,
        )

    def put(self, entry: Entry) -> None:
        """Add a volume, or replace it."""
        self.volumes = {**self.volumes, entry.volume.name: entry}
        self._touch(entry.volume.name)

    def drop(self, name: str) -> None:
        """Take a volume out."""
        self.volumes = {other: entry for other, entry in self.volumes.items() if other != name}
        self._touch(name)

    def _touch(self, name: str) -> None:
        if self.touched is not None:
            self.touched = self.touched | {name}

    def use(self, more: int) -> None:
        """Note that so many bytes more of the pool are in use."""
        definition = self.definition
        self.definition = definition.replace(
            allocation=max(0, definition.allocation + more), available=max(0, definition.available - more)
        )

    def deactivate(self) -> None:
        """It is not active any more: what it will be at its next start is what it is."""
        self.active = self.closing = False
        self.volumes = {}
        if self.later is not None:
            self.definition, self.later = self.later, None
