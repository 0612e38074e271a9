"""What an image is based on, before its content is read: a guest may have written into it whatever it likes.

qemu-img reads an image together with its backing files, wherever they are. So a copy is made only of an image whose
backing files are volumes of active pools, lie in its own folder, or were declared when it was made.
"""

from __future__ import annotations

import os

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.storage.volume import Volume
from virtloom_storage.context import Context
from virtloom_storage.images.inspect import NoVolume, look
from virtloom_storage.images.prober import Details

DEPTH = 200  # images on top of one another, which is also the most that QEMU opens


def check_chain(context: Context, volume: Volume) -> None:
    """Refuse to read an image whose data would come from where it should not.

    :raises VirtError: OPERATION_INVALID.
    """
    declared = volume.backing.path if volume.backing is not None and volume.backing.permissions is not None else None
    path = volume.path
    for _ in range(DEPTH):
        named = _details(context, volume, path).backing
        if named is None:
            return
        folder = os.path.dirname(path)
        path = os.path.normpath(os.path.join(folder, named))
        if os.path.dirname(path) != folder and named != declared and not context.is_volume(path):
            raise _refused(volume, f"it is based on '{named}', which is no volume of an active pool")
    raise _refused(volume, f"it is based on more than {DEPTH} images")


def _details(context: Context, volume: Volume, path: str) -> Details:
    try:
        seen = context.io(lambda: look(path))
    except NoVolume as none:
        raise _refused(volume, str(none)) from none
    if seen.header.names_data_file:
        raise _refused(volume, f"the data of '{path}' is in another file")
    details = context.prober.details(path, seen.header, seen.identity)
    if seen.header.format == "qcow2" and not details.cluster_size:
        raise _refused(volume, f"qemu-img cannot tell what is in '{path}'")
    return details


def _refused(volume: Volume, why: str) -> VirtError:
    detail = f"volume '{volume.name}' cannot be copied: {why}"
    return VirtError(ErrorCode.OPERATION_INVALID, detail, ErrorDomain.STORAGE)
