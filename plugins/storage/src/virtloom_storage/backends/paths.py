"""Volumes that have a path on this host: their data is carried and wiped through it, be it a file or a device."""

from __future__ import annotations

from virtloom.driver.streams import Sink, Source
from virtloom.driver.work.lanes import Pulse
from virtloom.xmldef.storage.pool import Pool
from virtloom.xmldef.storage.volume import Volume
from virtloom_storage.backends.base import Backend, Span
from virtloom_storage.context import Context
from virtloom_storage.images.wiping import wipe_file
from virtloom_storage.streams import FileSink, FileSource


class PathVolumes(Backend):
    """What is done to the data of such volumes."""

    def wipe(self, context: Context, pool: Pool, volume: Volume, algorithm: int, pulse: Pulse) -> None:
        """See `Backend.wipe`."""
        wipe_file(context, volume, algorithm, pulse)

    def download(self, context: Context, pool: Pool, volume: Volume, span: Span) -> Source:
        """See `Backend.download`."""
        return FileSource(context, volume.path, span)

    def upload(self, context: Context, pool: Pool, volume: Volume, span: Span) -> Sink:
        """See `Backend.upload`."""
        return FileSink(context, volume.path, span)
