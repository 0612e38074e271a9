"""A storage driver on a scratch folder, and short words for what tests ask of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import virtloom_storage.plugin
from virtloom.driver import Stream
from virtloom.driver.handles import StoragePoolHandle, StorageVolHandle
from virtloom.driver.streams import Hole, Sink, Source
from virtloom.errors import VirtError
from virtloom.testkit import HostedDriver, hosted
from virtloom_storage.driver import HostStorage

MIB = 1 << 20


class Store:
    """A running driver.

    :ivar driver: it. :ivar folder: where its pools' folders are.
    """

    def __init__(self, running: HostedDriver, folder: Path) -> None:
        assert isinstance(running.driver, HostStorage)
        self.hosted = running
        self.driver = running.driver
        self.folder = folder

    def pool(self, name: str = "p") -> StoragePoolHandle:
        """A dir pool that was defined, built and started."""
        pool = self.driver.storage_pool_define_xml(self.document(name), 0)
        self.driver.storage_pool_build(pool, 0)
        self.driver.storage_pool_create(pool, 0)
        return pool

    def document(self, name: str = "p") -> str:
        """The document of a dir pool."""
        return f"<pool type='dir'><name>{name}</name><target><path>{self.folder}/{name}</path></target></pool>"

    def volume(
        self, pool: StoragePoolHandle, name: str = "v", capacity: int = MIB, format_: str = "raw", allocation: int = 0
    ) -> StorageVolHandle:
        """A new volume, sparse unless an allocation is given (bytes)."""
        return self.driver.storage_vol_create_xml(pool, volume_xml(name, capacity, format_, allocation), 0)

    def names(self, pool: StoragePoolHandle) -> list[str]:
        """The names of a pool's volumes."""
        return sorted(vol.name for vol in self.driver.storage_pool_list_all_volumes(pool, 0))

    def capacity(self, vol: StorageVolHandle) -> int:
        """A volume's capacity, in bytes."""
        return self.driver.storage_vol_get_info_flags(vol, 0)[1]

    def file(self, vol: StorageVolHandle) -> Path:
        """The file that a volume is."""
        return Path(self.driver.storage_vol_get_path(vol))

    def download(self, vol: StorageVolHandle, offset: int = 0, length: int = 0, flags: int = 0) -> Source:
        """The source of a download; to be closed."""
        stream = Stream()
        self.driver.storage_vol_download(vol, offset, length, flags, stream)
        assert stream.source is not None
        return stream.source

    def upload(self, vol: StorageVolHandle, offset: int = 0, length: int = 0, flags: int = 0) -> Sink:
        """The sink of an upload; to be finished or aborted."""
        stream = Stream()
        self.driver.storage_vol_upload(vol, offset, length, flags, stream)
        assert stream.sink is not None
        return stream.sink


@contextmanager
def kept(folder: Path, **config: Any) -> Iterator[Store]:
    """A driver for the length of a block; a second one on the same folder finds what the first left."""
    with hosted(virtloom_storage.plugin, folder, config=config) as running:
        yield Store(running, folder)


def volume_xml(name: str, capacity: int = MIB, format_: str = "raw", allocation: int = 0, more: str = "") -> str:
    """A volume's document. :param more: further elements."""
    return (
        f"<volume><name>{name}</name><capacity>{capacity}</capacity><allocation>{allocation}</allocation>"
        f"<target><format type='{format_}'/></target>{more}</volume>"
    )


def drained(source: Source) -> list[bytes | Hole]:
    """All pieces of a source, which is closed."""
    pieces: list[bytes | Hole] = []
    while (piece := source.read(64 << 10)) != b"":
        pieces.append(piece)
    source.close()
    return pieces


def refused(call: Callable[..., Any], *args: Any) -> VirtError:
    """The error of a call that must fail."""
    with pytest.raises(VirtError) as caught:
        call(*args)
    return caught.value
