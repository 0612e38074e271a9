"""Pools of a Ceph cluster, through rbd(8) and ceph(8); their volumes are RBD images, which QEMU opens itself.

libvirt asks librbd; what it does with it (storage_backend_rbd.c) is done here with the tools' JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from virtloom.driver.flags import check_flags
from virtloom.driver.work.lanes import Pulse
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.storage.pool import Pool
from virtloom.xmldef.storage.refusal import unsupported
from virtloom.xmldef.storage.volume import Volume, VolumeTarget
from virtloom_storage.backends.base import Backend, Making, Scan, refuse
from virtloom_storage.context import Context
from virtloom_storage.images.volume import internal
from virtloom_storage.images.wiping import ALGORITHMS

USAGE_CEPH = 2  # VIR_SECRET_USAGE_TYPE_CEPH
WITH_SNAPSHOTS = 2  # VIR_STORAGE_VOL_DELETE_WITH_SNAPSHOTS
ZEROED = 1  # VIR_STORAGE_VOL_DELETE_ZEROED
DEADLINE = 300.0  # seconds for the cluster to answer


class Rbd(Backend):
    """A pool of a Ceph cluster."""

    type = "rbd"
    tools = ("rbd", "ceph")
    is_optional = True
    tracks_sizes = False

    def is_active(self, context: Context, pool: Pool) -> bool:
        """See `Backend.is_active`."""
        return True

    def refresh(self, context: Context, pool: Pool) -> Scan:
        """See `Backend.refresh`."""
        usage = _json(context, pool, "ceph", "df")
        name = _name(pool)
        own = next((one["stats"] for one in usage.get("pools", ()) if one.get("name") == name), None)
        if own is None:
            raise internal(f"failed to stat the RADOS pool '{name}'")
        total = usage.get("stats", {})
        used = int(own.get("bytes_used", 0))
        sizes = {
            "capacity": int(total.get("total_bytes", 0)),
            "available": int(own.get("max_avail", total.get("total_avail_bytes", 0))),
            "allocation": used,
        }
        listed = _json(context, pool, "rbd", "ls", "-l", name)
        volumes = [_volume(pool, image) for image in listed if "snapshot" not in image]
        return Scan(pool.replace(**sizes), {volume.name: volume for volume in volumes})

    def place(self, context: Context, pool: Pool, volume: Volume) -> Volume:
        """See `Backend.place`."""
        if not volume.capacity:
            refuse("volume capacity required for this storage pool")
        if volume.target.format_ not in (None, "raw"):
            raise unsupported("only RAW volumes are supported by this storage pool")
        if volume.target.encryption is not None:
            raise unsupported("storage pool does not support encrypted volumes")
        path = f"{_name(pool)}/{volume.name}"
        return volume.replace(type="network", key=path, target=VolumeTarget(path=path, format_="raw"))

    def make(self, context: Context, pool: Pool, making: Making) -> Volume:
        """See `Backend.make`."""
        check_flags(making.flags, 0, "virStorageBackendRBDBuildVol")
        volume = making.volume
        if making.source is not None:
            _run(context, pool, "rbd", "cp", making.source.path, volume.path)
        else:
            size = -(-volume.capacity // 1024)
            _run(context, pool, "rbd", "create", "--size", f"{size}K", volume.path)
        try:
            return self.look_at(context, pool, volume)
        except BaseException:
            with suppress(VirtError):
                self.remove(context, pool, volume, 0)
            raise

    def look_at(self, context: Context, pool: Pool, volume: Volume, at: str | None = None) -> Volume:
        """See `Backend.look_at`."""
        return _volume(pool, {"image": volume.name, **_json(context, pool, "rbd", "info", volume.path)})

    def remove(self, context: Context, pool: Pool, volume: Volume, flags: int) -> None:
        """See `Backend.remove`."""
        check_flags(flags, ZEROED | WITH_SNAPSHOTS, "virStorageBackendRBDDeleteVol")
        if flags & WITH_SNAPSHOTS:
            for snapshot in _json(context, pool, "rbd", "snap", "ls", volume.path):
                if str(snapshot.get("protected")) == "true":
                    _run(context, pool, "rbd", "snap", "unprotect", f"{volume.path}@{snapshot['name']}")
            _run(context, pool, "rbd", "snap", "purge", volume.path)
        _run(context, pool, "rbd", "rm", volume.path)

    def resize(self, context: Context, pool: Pool, volume: Volume, capacity: int, flags: int, pulse: Pulse) -> None:
        """See `Backend.resize`."""
        shrink = ["--allow-shrink"] if capacity < volume.capacity else []
        _run(context, pool, "rbd", "resize", "--size", f"{-(-capacity // 1024)}K", *shrink, volume.path)

    def wipe(self, context: Context, pool: Pool, volume: Volume, algorithm: int, pulse: Pulse) -> None:
        """See `Backend.wipe`: emptied and given its size again, which leaves nothing to be read."""
        if ALGORITHMS[algorithm] not in ("zero", "trim"):
            detail = f"unsupported algorithm {algorithm}"
            raise VirtError(ErrorCode.INVALID_ARG, detail, ErrorDomain.STORAGE)
        _run(context, pool, "rbd", "resize", "--size", "0", "--allow-shrink", volume.path)
        _run(context, pool, "rbd", "resize", "--size", f"{-(-volume.capacity // 1024)}K", volume.path)


def _name(pool: Pool) -> str:
    return pool.source.name or pool.name


@contextmanager
def _cluster(context: Context, pool: Pool) -> Iterator[list[str]]:
    """The options that lead to a pool's cluster, valid for the length of a block."""
    monitors = ",".join(f"{host.name}:{host.port}" if host.port else host.name for host in pool.source.hosts)
    options = ["-m", monitors]
    for name, value in pool.options:
        options += [f"--{name.replace('_', '-')}", value or ""]
    auth = pool.source.auth
    if auth is None or auth.secret is None:
        yield options
        return
    with context.secrets.as_file(auth.secret, usage_type=USAGE_CEPH, base64=True) as key:
        yield [*options, "--id", auth.username or "", "--keyfile", key]


def _run(context: Context, pool: Pool, *argv: str) -> bytes:
    with _cluster(context, pool) as options:
        return context.programs.run([argv[0], *options, *argv[1:]], deadline=DEADLINE, stall=None)


def _json(context: Context, pool: Pool, *argv: str) -> Any:
    printed = _run(context, pool, *argv, "--format", "json")
    try:
        return json.loads(printed)
    except ValueError:
        raise internal(f"{argv[0]} printed something else than JSON") from None


def _volume(pool: Pool, image: dict[str, Any]) -> Volume:
    name = str(image.get("image") or image.get("name"))
    path = f"{_name(pool)}/{name}"
    size = int(image.get("size", 0))
    allocation = int(image["objects"]) * int(image["object_size"]) if "objects" in image else size
    target = VolumeTarget(path=path, format_="raw")
    return Volume(type="network", name=name, key=path, capacity=size, allocation=allocation, target=target)
