"""What is in volumes, which libvirt's test driver has not: their sizes change, they are wiped, read and written."""

from __future__ import annotations

from virtloom.driver import EventSource, Stream
from virtloom.driver.constants.storage import StorageVolCreateFlags as Create
from virtloom.driver.constants.storage import StorageVolResizeFlags as Resize
from virtloom.driver.flags import check_flags
from virtloom.driver.handles import StorageVolHandle
from virtloom.driver.streams import BytesSource
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.locks import Level
from virtloom_test.stage import Stage
from virtloom_test.storage.building import WorkedStorage
from virtloom_test.storage.pool import Content, use_of, volume_in

ALGORITHMS = 9  # VIR_STORAGE_VOL_WIPE_ALG_LAST
KEPT_MAX = 64 << 20  # bytes of a volume that are kept


class PlayedStorage(WorkedStorage):
    """One host's pools, whose volumes keep what is written to them."""

    # virt-install asks for the metadata of an image, which none of these has, to be there at once.
    create_flags = WorkedStorage.create_flags | Create.PREALLOC_METADATA | Create.REFLINK

    def __init__(self, stage: Stage, events: EventSource) -> None:
        super().__init__(stage, events)
        self._lock = stage.host.locks.lock("volumes' contents", Level.LEAF)
        self._kept: dict[str, bytes] = {}  # by key

    def storage_vol_get_info_flags(self, vol: StorageVolHandle, flags: int) -> tuple[int, int, int]:
        """`virStorageVolGetInfoFlags`: type, capacity and allocation (or physical size) in bytes."""
        check_flags(flags, 1, "testStorageVolGetInfoFlags")
        return self.storage_vol_get_info(vol)

    def storage_vol_resize(self, vol: StorageVolHandle, capacity: int, flags: int) -> None:
        """`virStorageVolResize`, in bytes."""
        check_flags(flags, Resize.ALLOCATE | Resize.DELTA | Resize.SHRINK, "testStorageVolResize")
        self.refuse_work(vol)
        with self._all.changing(self._all.named(vol.pool)) as state:
            pool, content = state.more
            volume = volume_in(state, vol.name)
            wanted = volume.capacity + capacity if flags & Resize.DELTA and not flags & Resize.SHRINK else capacity
            if flags & Resize.DELTA and flags & Resize.SHRINK:
                wanted = volume.capacity - capacity
            if wanted < volume.allocation:
                raise _invalid("can't shrink capacity below existing allocation")
            if wanted < volume.capacity and not flags & Resize.SHRINK:
                raise _invalid("Can't shrink capacity below current capacity unless shrink flag explicitly specified")
            changed = volume.replace(capacity=wanted)
            if flags & Resize.ALLOCATE:
                changed = changed.replace(allocation=wanted)
            if wanted - volume.allocation > pool.available:
                raise VirtError(ErrorCode.OPERATION_FAILED, "Not enough space left in storage pool")
            state.more = (
                use_of(pool, changed.allocation - volume.allocation),
                Content({**content, vol.name: changed}),
            )

    def storage_vol_wipe(self, vol: StorageVolHandle, flags: int) -> None:
        """`virStorageVolWipe`"""
        self.storage_vol_wipe_pattern(vol, 0, flags)

    def storage_vol_wipe_pattern(self, vol: StorageVolHandle, algorithm: int, flags: int) -> None:
        """`virStorageVolWipePattern`: takes its time."""
        check_flags(flags, 0, "testStorageVolWipePattern")
        if algorithm >= ALGORITHMS:
            raise VirtError(ErrorCode.INVALID_ARG, f"wiping algorithm {algorithm} not supported")
        with self.working("wipe", vol, self._of(vol).capacity):
            self.keep(vol, b"")

    def storage_vol_upload(self, vol: StorageVolHandle, offset: int, length: int, flags: int, stream: Stream) -> None:
        """`virStorageVolUpload`, offset and length in bytes, a length of 0 for all that comes."""
        self._of(vol)
        self.refuse_work(vol)
        stream.receive_into(_Upload(self, vol, offset, length))

    def storage_vol_download(self, vol: StorageVolHandle, offset: int, length: int, flags: int, stream: Stream) -> None:
        """`virStorageVolDownload`: what was written, and zeros as far as the volume reaches."""
        volume = self._of(vol)
        end = min(volume.capacity, offset + length if length else volume.capacity, KEPT_MAX)
        data = self.contents(vol).ljust(end, b"\0")
        stream.send_from(BytesSource(data[offset:end]))

    def storage_vol_delete(self, vol: StorageVolHandle, flags: int) -> None:
        """`virStorageVolDelete`: what was in it goes too."""
        super().storage_vol_delete(vol, flags)
        with self._lock:
            self._kept.pop(vol.key, None)

    def contents(self, vol: StorageVolHandle) -> bytes:
        """What was written to a volume, as far as it goes."""
        return self._kept.get(vol.key, b"")

    def keep(self, vol: StorageVolHandle, data: bytes) -> None:
        """Replace what was written to a volume."""
        with self._lock:
            self._kept[vol.key] = data


class _Upload:
    """Takes what a client writes to a volume."""

    def __init__(self, storage: PlayedStorage, vol: StorageVolHandle, offset: int, length: int) -> None:
        self._storage = storage
        self._vol = vol
        self._offset = offset
        self._left = length or KEPT_MAX
        self._data = bytearray()

    def write(self, data: bytes) -> None:
        """See `Sink.write`."""
        if len(data) > self._left:
            raise VirtError(ErrorCode.OPERATION_FAILED, "more was sent than the volume takes")
        self._left -= len(data)
        self._data += data

    def hole(self, length: int) -> None:
        """See `Sink.hole`."""
        self.write(bytes(length))

    def finish(self) -> None:
        """See `Sink.finish`."""
        old = self._storage.contents(self._vol).ljust(self._offset, b"\0")
        end = self._offset + len(self._data)
        self._storage.keep(self._vol, old[: self._offset] + bytes(self._data) + old[end:])

    def abort(self) -> None:
        """See `Sink.abort`."""


def _invalid(detail: str) -> VirtError:
    return VirtError(ErrorCode.INVALID_ARG, detail, ErrorDomain.STORAGE)
