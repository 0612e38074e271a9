"""Volumes that are files: found in a folder, and looked at again when somebody asks.

`found` is what a refresh makes of a file (`virStorageBackendRefreshVolTargetUpdate`); `refreshed` brings the sizes of a
volume up to date and keeps what was said when it was made (`virStorageBackendVolRefreshLocal`).
"""

from __future__ import annotations

import os

from virtloom.driver.images import headers
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.storage.secrets import Encryption
from virtloom.xmldef.storage.volume import Volume, VolumeTarget
from virtloom_storage.context import Context
from virtloom_storage.images.inspect import Found, NoVolume, look, permissions, timestamps
from virtloom_storage.images.prober import Details


def found(context: Context, folder: str, name: str) -> Volume:
    """The volume that a file of a pool's folder is.

    :raises NoVolume: if it is none.
    """
    path = f"{folder}/{name}"
    return of_file(context, folder, name, context.io(lambda: look(path)))


def of_file(context: Context, folder: str, name: str, seen: Found) -> Volume:
    """The volume that a file is which was looked at."""
    path = f"{folder}/{name}"
    target = _target(path, seen.header.format, seen)
    if seen.is_folder:
        return Volume(type="dir", name=name, key=path, target=target)
    header = seen.header
    details = context.prober.details(path, header, seen.identity)
    return Volume(
        type="file",
        name=name,
        key=path,
        capacity=seen.capacity,
        allocation=seen.allocation,
        physical=seen.size,
        target=target.replace(
            compat=details.compat,
            cluster_size=details.cluster_size,
            features=details.features,
            encryption=_encryption(header, details),
        ),
        backing=_backing(context, folder, details),
    )


def _target(path: str, format_: str, seen: Found) -> VolumeTarget:
    return VolumeTarget(path=path, format_=format_, permissions=permissions(seen), timestamps=timestamps(seen))


def _encryption(header: headers.Header, details: Details) -> Encryption | None:
    word = "luks" if header.is_luks else details.encryption
    return None if word is None else Encryption(format_=word)


def _backing(context: Context, folder: str, details: Details) -> VolumeTarget | None:
    """What an image says that it is based on. Only a file of the same folder is looked at."""
    named = details.backing
    if named is None:
        return None
    if "://" in named or named.startswith("json:"):
        return VolumeTarget(path=named, format_="raw")
    path = named if named.startswith("/") else f"{folder}/{named}"
    if os.path.dirname(os.path.normpath(path)) != folder:
        return VolumeTarget(path=path, format_=details.backing_format or "raw")
    try:
        seen = context.io(lambda: look(path))
    except (VirtError, NoVolume):
        return VolumeTarget(path=path, format_=details.backing_format or "raw")
    return _target(path, details.backing_format or seen.header.format, seen)


def refreshed(context: Context, volume: Volume, at: str | None = None, *, declared: bool = False) -> Volume:
    """A volume with its present sizes, owner and times.

    :param at: where it is while it is being made.
    :param declared: whether its backing store is what a client asked for, so that it may be looked at.
    :raises VirtError: NO_STORAGE_VOL if its file has gone, and others.
    """
    seen = _looked(context, at or volume.path)
    header, encrypted = seen.header, volume.target.encryption is not None
    capacity = seen.size - (header.payload if encrypted else 0)
    if header.format == volume.target.format_ and header.capacity is not None:
        capacity = header.capacity
    target = volume.target.replace(
        permissions=permissions(seen), timestamps=timestamps(seen), encryption=with_secret(context, volume)
    )
    return volume.replace(
        capacity=max(capacity, 0),
        allocation=seen.allocation,
        physical=seen.size,
        target=target,
        backing=_refreshed_backing(context, volume.backing, declared),
    )


def with_secret(context: Context, volume: Volume) -> Encryption | None:
    """A volume's encryption, with the secret that is kept for its path if it names none."""
    encryption = volume.target.encryption
    if encryption is None or encryption.secrets:
        return encryption
    secret = context.secrets.named_by(volume.path)
    return encryption if secret is None else encryption.replace(secrets=(secret,))


def _looked(context: Context, path: str) -> Found:
    try:
        return context.io(lambda: look(path))
    except NoVolume as none:
        raise internal(str(none)) from none


def _refreshed_backing(context: Context, backing: VolumeTarget | None, declared: bool) -> VolumeTarget | None:
    if backing is None or not (declared or backing.permissions is not None):
        return backing
    path = backing.path or ""
    try:
        seen = context.io(lambda: look(path))
    except (VirtError, NoVolume):
        return backing
    return backing.replace(permissions=permissions(seen), timestamps=timestamps(seen))


def internal(detail: str) -> VirtError:
    """An INTERNAL_ERROR of the storage driver."""
    return VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.STORAGE)
