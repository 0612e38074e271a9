"""Pools that are a folder."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import ClassVar

from virtloom.driver.flags import check_flags
from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error
from virtloom.xmldef.storage.permissions import Permissions
from virtloom.xmldef.storage.pool import Pool
from virtloom_storage.backends.flags import NO_OVERWRITE, OVERWRITE, check_exclusive
from virtloom_storage.backends.local import LocalVolumes, remove_unfinished
from virtloom_storage.context import Context

DEFAULT_MODE = 0o711  # of a new pool's folder


class Directory(LocalVolumes):
    """A pool that is a folder of the host's."""

    type = "dir"
    build_flags: ClassVar[int] = OVERWRITE | NO_OVERWRITE

    def is_active(self, context: Context, pool: Pool) -> bool:
        """See `Backend.is_active`."""
        return context.io(lambda: os.path.exists(pool.path))

    def build(self, context: Context, pool: Pool, flags: int) -> None:
        """See `Backend.build`."""
        check_flags(flags, self.build_flags, "virStorageBackendFileSystemBuild")
        check_exclusive(flags)
        build_folder(context, pool)
        if flags:
            self.format(context, pool, flags)

    def format(self, context: Context, pool: Pool, flags: int) -> None:
        """Put a file system on the pool's device; a folder has none."""
        detail = f"No source device specified when formatting pool '{pool.name}'"
        raise VirtError(ErrorCode.OPERATION_INVALID, detail, ErrorDomain.STORAGE)

    def start(self, context: Context, pool: Pool) -> None:
        """See `Backend.start`."""
        context.io(lambda: remove_unfinished(pool.path))

    def delete(self, context: Context, pool: Pool, flags: int) -> None:
        """See `Backend.delete`."""
        check_flags(flags, 0, "virStorageBackendDeleteLocal")
        context.io(lambda: os.rmdir(pool.path), f"failed to remove pool '{pool.path}'")


def build_folder(context: Context, pool: Pool) -> None:
    """Make the pool's folder, or give the one that is there its mode and owner (`virStorageBackendBuildLocal`)."""
    path = pool.path
    if "/" not in path:
        raise VirtError(ErrorCode.INVALID_ARG, f"path '{path}' is not absolute", ErrorDomain.STORAGE)
    parent = os.path.dirname(path)
    context.io(lambda: os.makedirs(parent, exist_ok=True), f"cannot create path '{parent}'")
    permissions = (pool.target.permissions if pool.target is not None else None) or Permissions()
    context.io(lambda: _make(path, permissions))
    if pool.cow is not None:
        flag = "-C" if pool.cow else "+C"
        context.programs.run(["chattr", flag, path])


def _make(path: str, permissions: Permissions) -> None:
    mode = permissions.mode
    try:
        os.mkdir(path)
        mode = DEFAULT_MODE if mode is None else mode
    except FileExistsError:
        if not os.path.isdir(path):
            raise _cannot(FileExistsError(17, ""), f"failed to create directory '{path}'") from None
    except OSError as error:
        raise _cannot(error, f"failed to create directory '{path}'") from error
    if permissions.owner is not None or permissions.group is not None:
        owner, group = (-1 if one is None else one for one in (permissions.owner, permissions.group))
        try:
            os.chown(path, owner, group)
        except OSError as error:
            raise _cannot(error, f"cannot chown '{path}' to ({owner}, {group})") from error
    if mode is not None:
        with suppress(PermissionError):
            os.chmod(path, mode)


def _cannot(error: OSError, detail: str) -> VirtError:
    return system_error(error, detail, ErrorDomain.NONE)
