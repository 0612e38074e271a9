"""Carrying a volume's data to a client and back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from virtloom.driver import Stream
from virtloom.driver.constants.storage import StoragePoolEventID as EventID
from virtloom.driver.flags import check_flags
from virtloom.driver.handles import StorageVolHandle
from virtloom.errors import VirtError
from virtloom.locks import ObjectGone
from virtloom_storage.backends.base import Span
from virtloom_storage.volumes.changes import VolumeChanges
from virtloom_storage.volumes.work import Work

SPARSE = 1  # VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM, and that of uploads


class VolumeTransfer(VolumeChanges):
    """Downloads and uploads. A claim holds the volume until the stream has ended."""

    def storage_vol_download(self, vol: StorageVolHandle, offset: int, length: int, flags: int, stream: Stream) -> None:
        """`virStorageVolDownload`"""
        check_flags(flags, SPARSE, "storageVolDownload")
        with self._claimed_for_stream(vol, exclusive=False) as work:
            span = Span(offset, length, bool(flags & SPARSE))
            source = work.backend.download(work.view.context, work.view.definition, work.entry.volume, span)
            source.ended = lambda: self._ended(work)  # type: ignore[attr-defined]
        stream.send_from(source)

    def storage_vol_upload(self, vol: StorageVolHandle, offset: int, length: int, flags: int, stream: Stream) -> None:
        """`virStorageVolUpload`: when it has ended, the volume is looked at as if it had just been found."""
        check_flags(flags, SPARSE, "storageVolUpload")
        with self._claimed_for_stream(vol, exclusive=True) as work:
            span = Span(offset, length, bool(flags & SPARSE))
            sink = work.backend.upload(work.view.context, work.view.definition, work.entry.volume, span)
            sink.ended = lambda: self._uploaded(work)  # type: ignore[attr-defined]
        stream.receive_into(sink)

    @contextmanager
    def _claimed_for_stream(self, vol: StorageVolHandle, *, exclusive: bool) -> Iterator[Work]:
        """A claim that is kept unless the block fails, for the stream that it opens."""
        work = self._claimed_after_others(vol, exclusive=exclusive)
        try:
            yield work
        except BaseException:
            self._unclaim(work.pool, work.claim)
            raise

    def _ended(self, work: Work) -> None:
        with suppress(ObjectGone):
            self._unclaim(work.pool, work.claim)

    def _uploaded(self, work: Work) -> None:
        """After an upload: learn what the volume is now, and let others have it."""
        volume = work.entry.volume
        try:
            seen = work.backend.look_anew(work.view.context, work.view.definition, volume)
            self._replace(work, seen, seen.allocation - volume.allocation)
            with work.pool.locked() as state:
                self._emit(state.definition, EventID.REFRESH)
        except (VirtError, ObjectGone) as error:
            self.host.log.warning("what was uploaded to volume %s cannot be looked at: %s", volume.name, error)
        finally:
            self._ended(work)
