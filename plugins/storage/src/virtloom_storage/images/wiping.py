"""Wiping: zeros by ourselves, everything else by scrub(1) (`storageBackendVolWipeLocalFile`)."""

from __future__ import annotations

from virtloom.driver.work.lanes import Pulse
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.storage.volume import Volume
from virtloom_storage.context import Context
from virtloom_storage.images import raw

# In the order of `virStorageVolWipeAlgorithm`; scrub knows them by these names.
ALGORITHMS = (
    "zero", "nnsa", "dod", "bsi", "gutmann", "schneier", "pfitzner7", "pfitzner33", "random", "trim",
)  # fmt: skip


def wipe_file(context: Context, volume: Volume, algorithm: int, pulse: Pulse) -> None:
    """Wipe a file or a block device.

    :param algorithm: of `virStorageVolWipeAlgorithm`.
    :raises VirtError: ARGUMENT_UNSUPPORTED for one that there is not for files, SYSTEM_ERROR without scrub.
    """
    name = ALGORITHMS[algorithm]
    if name == "trim":
        detail = "'trim' algorithm not supported"
        raise VirtError(ErrorCode.ARGUMENT_UNSUPPORTED, detail, ErrorDomain.STORAGE)
    if name == "zero":
        context.io(lambda: raw.wipe(volume.path, volume.allocation, pulse), "", pulse)
    else:
        context.programs.run(["scrub", "-f", "-p", name, volume.path], pulse=pulse)
