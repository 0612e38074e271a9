"""What an image is based on, before its content is read: a guest may have written into it whatever it likes.

qemu-img reads an image together with its backing files, wherever they are. So a copy is made only of an image whose
backing files are volumes of active pools, lie in its own folder, or were declared when it was made.
"""

from __future__ import annotations

import os

from virtloom.driver.images import BACKED, Header, links
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.storage.volume import Volume
from virtloom_storage.context import Context
from virtloom_storage.images.inspect import NoVolume, look
from virtloom_storage.images.prober import DETAILED


def check_chain(context: Context, volume: Volume) -> None:
    """Refuse to read an image whose data would come from where it should not.

    :raises VirtError: OPERATION_INVALID.
    """
    declared = volume.backing.path if volume.backing is not None and volume.backing.permissions is not None else None
    form = volume.target.format_
    if form in BACKED and _header(context, volume, volume.path).format != form:
        raise _refused(volume, f"what is in it is no {form} image")
    for link in links(volume.path, None, lambda path: _header(context, volume, path)):
        path, folder = os.path.normpath(link.path), os.path.dirname(link.of)
        if os.path.dirname(path) != os.path.normpath(folder) and link.named != declared and not context.is_volume(path):
            raise _refused(volume, f"it is based on '{link.named}', which is no volume of an active pool")


def _header(context: Context, volume: Volume, path: str) -> Header:
    """What an image's header says, with what only qemu-img finds in it."""
    try:
        seen = context.io(lambda: look(path))
    except NoVolume as none:
        raise _refused(volume, str(none)) from none
    header = seen.header
    if header.names_data_file:
        raise _refused(volume, f"the data of '{path}' is in another file")
    details = context.prober.details(path, header, seen.identity)
    if header.format in DETAILED and not details.is_read:
        raise _refused(volume, f"qemu-img cannot tell what is in '{path}'")
    return header._replace(backing=details.backing or header.backing, backing_format=None)


def _refused(volume: Volume, why: str) -> VirtError:
    detail = f"volume '{volume.name}' cannot be copied: {why}"
    return VirtError(ErrorCode.OPERATION_INVALID, detail, ErrorDomain.STORAGE)
