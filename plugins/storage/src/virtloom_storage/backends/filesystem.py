"""Pools that are a file system to be mounted: of a device, or of a server.

Source: libvirt's storage_backend_fs.c and `virStorageBackendFileSystemMountCmd`.
"""

from __future__ import annotations

import os
import re

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.storage.pool import Pool
from virtloom.xmldef.storage.refusal import unsupported
from virtloom.xmldef.storage.source import Host
from virtloom.xmldef.storage.source import Source as PoolSource
from virtloom_storage.backends.directory import Directory
from virtloom_storage.backends.flags import OVERWRITE
from virtloom_storage.backends.gluster_sources import gluster_volumes
from virtloom_storage.backends.probing import check_empty
from virtloom_storage.context import Context
from virtloom_storage.images.volume import internal

# What nobody needs of a file system that holds disks (libvirt's default_mount_opts on Linux).
MOUNT_OPTIONS = ("nodev", "nosuid", "noexec")
MOUNT_DEADLINE = 120.0  # seconds: an NFS server may take its time
FORCE = {"xfs": ["-f"], "ext2": ["-F"], "ext3": ["-F"], "ext4": ["-F"], "vfat": ["-I"]}


class Mounted(Directory):
    """What file systems of devices and of servers have in common."""

    def source_of(self, pool: Pool) -> str:
        """What is mounted."""
        raise NotImplementedError

    def check_source(self, pool: Pool) -> None:
        """Refuse a source that cannot be mounted."""
        raise NotImplementedError

    def mount_arguments(self, pool: Pool) -> list[str]:
        """The arguments of mount(8) beside the options that all have, with what is mounted and where."""
        raise NotImplementedError

    def is_active(self, context: Context, pool: Pool) -> bool:
        """See `Backend.is_active`."""
        self.check_source(pool)
        return is_mounted(context, self.source_of(pool), pool.path)

    def start(self, context: Context, pool: Pool) -> None:
        """See `Backend.start`."""
        if not self.is_active(context, pool):
            context.programs.run(["mount", *self.mount_arguments(pool)], deadline=MOUNT_DEADLINE, stall=None)
        super().start(context, pool)

    def stop(self, context: Context, pool: Pool) -> None:
        """See `Backend.stop`."""
        if self.is_active(context, pool):
            context.programs.run(["umount", pool.path], deadline=MOUNT_DEADLINE, stall=None)


def options_of(pool: Pool, *more: str) -> list[str]:
    """`-o` with the options of a mount."""
    names = [*MOUNT_OPTIONS, *more, *(name for name, _ in pool.options)]
    return ["-o", ",".join(names)]


def is_mounted(context: Context, source: str, path: str) -> bool:
    """Whether a source is mounted at a path, by the kernel's own table: the file system is not touched."""
    target, wanted = os.path.normpath(path), _real(context, source)
    with open("/proc/self/mounts", encoding="utf-8", errors="surrogateescape") as table:
        for line in table:
            name, where = (_unescaped(field) for field in line.split(" ")[:2])
            if where == target and (name == source or _real(context, name) == wanted):
                return True
    return False


def _real(context: Context, name: str) -> str:
    """A device's own name; nothing but a link in /dev is followed."""
    return os.path.realpath(name) if name.startswith("/dev/") else name


def _unescaped(field: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), field)


class FileSystem(Mounted):
    """The file system of a device."""

    type = "fs"

    def source_of(self, pool: Pool) -> str:
        """See `Mounted.source_of`."""
        return pool.source.devices[0].path

    def check_source(self, pool: Pool) -> None:
        """See `Mounted.check_source`."""
        if not pool.source.devices:
            raise internal("missing source device")
        if len(pool.source.devices) > 1:
            raise unsupported("expected exactly 1 device for the storage pool")

    def mount_arguments(self, pool: Pool) -> list[str]:
        """See `Mounted.mount_arguments`."""
        return [*options_of(pool), "-t", pool.source.format_ or "auto", self.source_of(pool), pool.path]

    def format(self, context: Context, pool: Pool, flags: int) -> None:
        """See `Directory.format`."""
        if not pool.source.devices:
            super().format(context, pool, flags)
        device, format_ = self.source_of(pool), pool.source.format_ or "auto"
        if not context.io(lambda: os.path.exists(device)):
            detail = f"Source device does not exist when formatting pool '{pool.name}'"
            raise VirtError(ErrorCode.OPERATION_INVALID, detail, ErrorDomain.STORAGE)
        if not flags & OVERWRITE:
            check_empty(context, device, format_)
        context.programs.run(["mkfs", "-t", format_, *FORCE.get(format_, ()), device])


class NetworkFileSystem(Mounted):
    """A file system that a server shares: NFS, CIFS or GlusterFS, through mount(8)."""

    type = "netfs"

    def source_of(self, pool: Pool) -> str:
        """See `Mounted.source_of`."""
        host, folder = pool.source.hosts[0].name, pool.source.dir
        return f"//{host}/{folder}" if pool.source.format_ == "cifs" else f"{host}:{folder}"

    def check_source(self, pool: Pool) -> None:
        """See `Mounted.check_source`."""
        if len(pool.source.hosts) != 1:
            raise unsupported("expected exactly 1 host for the storage pool")

    def mount_arguments(self, pool: Pool) -> list[str]:
        """See `Mounted.mount_arguments`."""
        format_ = pool.source.format_ or "auto"
        version = [f"nfsvers={pool.source.protocol}"] if pool.source.protocol is not None else []
        own = {"glusterfs": ["direct-io-mode=1"], "cifs": ["guest"]}.get(format_, version)
        type_ = [] if format_ == "auto" else ["-t", format_]  # `-t auto` finds no network file system, no -t does
        return [*options_of(pool, *own), *type_, self.source_of(pool), pool.path]

    def find_sources(self, context: Context, specification: PoolSource | None) -> list[PoolSource]:
        """See `Backend.find_sources`: what the server exports, by showmount(8) and gluster(8)."""
        if specification is None:
            detail = "hostname must be specified for netfs sources"
            raise VirtError(ErrorCode.INVALID_ARG, detail, ErrorDomain.STORAGE)
        if len(specification.hosts) != 1:
            raise unsupported("Expected exactly 1 host for the storage pool")
        host = specification.hosts[0].name
        try:
            exported = _exports(context, host)
        except VirtError:
            exported = None
        volumes = gluster_volumes(context, host)
        if exported is None and not volumes:
            detail = f"no storage pools were found on host '{host}'"
            raise VirtError(ErrorCode.OPERATION_FAILED, detail, ErrorDomain.STORAGE)
        found = [("nfs", path) for path in exported or ()] + [("glusterfs", name) for name in volumes]
        return [PoolSource(hosts=(Host(name=host),), dir=path, format_=format_) for format_, path in found]


def _exports(context: Context, host: str) -> list[str]:
    printed = context.programs.run(["showmount", "--no-headers", "--exports", host], deadline=MOUNT_DEADLINE)
    lines = printed.decode(errors="replace").splitlines()
    return [found[1] for line in lines if (found := re.match(r"(/.*\S) +\S+$", line))]
