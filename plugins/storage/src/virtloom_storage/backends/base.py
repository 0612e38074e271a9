"""What a type of pool can do: the interface of a back end, which a further plugin may implement.

A back end keeps no state. It is called with no lock held, may sleep in its context's means alone (`Context.io` for
system calls on the storage, `Context.programs` for helpers), and answers with new definitions. What a type cannot do,
the methods of this class refuse in libvirt's words.

A plugin adds a type with an entry point of the group `virtloom.storage_backends`, named as the type:

    [project.entry-points."virtloom.storage_backends"]
    gluster = "virtloom_gluster:Gluster"
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, NoReturn

from virtloom.driver.streams import Sink, Source
from virtloom.driver.work.lanes import Pulse
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.storage.pool import Pool
from virtloom.xmldef.storage.source import Source as PoolSource
from virtloom.xmldef.storage.volume import Volume
from virtloom_storage.context import Context
from virtloom_storage.programs import find


class Scan(NamedTuple):
    """What a refresh found: the pool with its sizes, and its volumes by name."""

    pool: Pool
    volumes: Mapping[str, Volume]


class Making(NamedTuple):
    """A volume that is to be made.

    :ivar volume: as `place` returned it. :ivar path: where it is made; it gets its name when it is whole.
    :ivar source: what it is to be a copy of; None for an empty one.
    :ivar flags: of `virStorageVolCreateFlags`.
    """

    volume: Volume
    path: str
    source: Volume | None
    flags: int
    pulse: Pulse


class Span(NamedTuple):
    """A part of a volume, in bytes, that a stream carries; a length of 0 is all of the rest.

    :ivar sparse: whether holes are told.
    """

    offset: int
    length: int
    sparse: bool


def refuse(detail: str) -> NoReturn:
    """Say that a type of pool cannot do something."""
    raise VirtError(ErrorCode.NO_SUPPORT, detail, ErrorDomain.STORAGE)


class Backend:
    """One type of pool.

    :ivar type: its name. :ivar tools: programs without which it can do nothing.
    :ivar is_optional: whether a host that lacks its tools does not have the type at all.
    :ivar tracks_sizes: whether the pool's sizes follow from each volume's, rather than from a new look.
    """

    type = ""
    tools: tuple[str, ...] = ()
    is_optional = False
    tracks_sizes = True

    def missing(self) -> str | None:
        """What this host lacks for the type; None if nothing."""
        lacking = [tool for tool in self.tools if find(tool) is None]
        return f"{', '.join(lacking)} not found" if lacking else None

    # The pool.

    def is_active(self, context: Context, pool: Pool) -> bool:
        """Whether a pool that was active before the daemon started still is."""
        return False

    def build(self, context: Context, pool: Pool, flags: int) -> None:
        """Make the pool's storage (`virStoragePoolBuild`). A type that has nothing to make does nothing."""

    def start(self, context: Context, pool: Pool) -> None:
        """Make the pool's storage available."""

    def stop(self, context: Context, pool: Pool) -> None:
        """Let go of the pool's storage."""

    def delete(self, context: Context, pool: Pool, flags: int) -> None:
        """Destroy the pool's storage (`virStoragePoolDelete`)."""
        refuse("pool does not support pool deletion")

    def refresh(self, context: Context, pool: Pool) -> Scan:
        """Look at the pool's storage anew."""
        raise NotImplementedError

    def find_sources(self, context: Context, specification: PoolSource | None) -> list[PoolSource]:
        """What could be made a pool of (`virConnectFindStoragePoolSources`).

        :param specification: what the client says of where to look; None if nothing.
        """
        refuse(f"pool type '{self.type}' does not support source discovery")

    # Volumes.

    def place(self, context: Context, pool: Pool, volume: Volume) -> Volume:
        """A new volume with its path, key and type; nothing is made yet."""
        refuse("storage pool does not support volume creation")

    def making_path(self, volume: Volume) -> str:
        """Where a volume is while it is being made; its own path where that cannot be another."""
        return volume.path

    def make(self, context: Context, pool: Pool, making: Making) -> Volume:
        """Make a volume, empty or as a copy, and say how it came out. What is raised leaves nothing behind."""
        refuse("storage pool does not support volume creation")

    def look_at(self, context: Context, pool: Pool, volume: Volume, at: str | None = None) -> Volume:
        """A volume as it is now.

        :param at: where it is while it is being made.
        """
        return volume

    def look_anew(self, context: Context, pool: Pool, volume: Volume) -> Volume:
        """A volume whose content was replaced, as a refresh would find it."""
        return self.look_at(context, pool, volume)

    def remove(self, context: Context, pool: Pool, volume: Volume, flags: int) -> None:
        """Delete a volume."""
        refuse("storage pool does not support vol deletion")

    def resize(self, context: Context, pool: Pool, volume: Volume, capacity: int, flags: int, pulse: Pulse) -> None:
        """Give a volume another size, in bytes."""
        refuse("storage pool does not support changing of volume capacity")

    def wipe(self, context: Context, pool: Pool, volume: Volume, algorithm: int, pulse: Pulse) -> None:
        """Make what is in a volume unreadable."""
        refuse("storage pool doesn't support volume wiping")

    def download(self, context: Context, pool: Pool, volume: Volume, span: Span) -> Source:
        """What reads a volume for a client."""
        refuse("storage pool doesn't support volume download")

    def upload(self, context: Context, pool: Pool, volume: Volume, span: Span) -> Sink:
        """What writes a client's data into a volume."""
        refuse("storage pool doesn't support volume upload")
