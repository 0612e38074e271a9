"""The types of pools: what the source of each consists of, and which formats it and its volumes may have.

Source: libvirt's `poolTypeInfo` (conf/storage_conf.c), whose order the capabilities follow.
"""

from __future__ import annotations

from typing import NamedTuple

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.storage.refusal import unsupported


class PoolType(NamedTuple):
    """One type of pool.

    :ivar number: its number in libvirt's enum, which a few messages have.
    :ivar parts: what its source consists of: host, device, dir, adapter, name, initiator.
    :ivar formats: the formats of its source; () if it has none.
    :ivar default: the format of a source that names none.
    :ivar volume_formats: the formats of its volumes, the first being what one that names none has; () if it has none.
    :ivar is_remote: whether nothing of it is on this host, so that it has no target.
    """

    name: str
    number: int
    parts: frozenset[str] = frozenset()
    formats: tuple[str, ...] = ()
    default: str | None = None
    volume_formats: tuple[str, ...] = ()
    volume_default: str | None = None
    is_remote: bool = False

    def source_format(self, word: str | None) -> str | None:
        """The format of a source; None for a type that has none.

        :param word: the document's.
        :raises VirtError: CONFIG_UNSUPPORTED.
        """
        if not self.formats:
            return None
        if word is None:
            return self.default
        if word not in self.formats:
            raise unsupported(f"unknown pool format type {word}")
        return word

    def volume_format(self, word: str | None) -> str | None:
        """The format of a volume; None in a type whose volumes have none.

        :param word: the document's.
        :raises VirtError: CONFIG_UNSUPPORTED.
        """
        if not self.volume_formats:
            return None
        if word is None:
            return self.volume_default
        if word not in self.volume_formats or (word == "none" and self.volume_formats is IMAGE_FORMATS):
            raise unsupported(f"unknown volume format type {word}")
        return word


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FILE_SYSTEMS = _words("auto ext2 ext3 ext4 ufs iso9660 udf gfs gfs2 vfat hfs+ xfs ocfs2 vmfs")
NETWORK_FILE_SYSTEMS = ("auto", "nfs", "glusterfs", "cifs")
PARTITION_TABLES = _words("unknown dos dvh gpt mac bsd pc98 sun lvm2")
PARTITIONS = _words("none linux fat16 fat32 linux-swap linux-lvm linux-raid extended")
IMAGE_FORMATS = _words("none raw dir bochs cloop dmg iso vpc vdi fat vhd ploop cow qcow qcow2 qed vmdk")


def _type(
    name: str,
    number: int,
    parts: str = "",
    formats: tuple[str, ...] = (),
    default: str | None = None,
    *,
    volumes: tuple[str, ...] = (),
    remote: bool = False,
) -> PoolType:
    volume_default = None if not volumes else "raw" if volumes is IMAGE_FORMATS else volumes[0]
    return PoolType(name, number, frozenset(parts.split()), formats, default, volumes, volume_default, remote)


# In the order of libvirt's enum.
POOL_TYPES: dict[str, PoolType] = {
    made.name: made
    for made in (
        _type("dir", 0, volumes=IMAGE_FORMATS),
        _type("fs", 1, "device", FILE_SYSTEMS, "auto", volumes=IMAGE_FORMATS),
        _type("netfs", 2, "host dir", NETWORK_FILE_SYSTEMS, "auto", volumes=IMAGE_FORMATS),
        _type("logical", 3, "name device", ("unknown", "lvm2"), "lvm2"),
        _type("disk", 4, "device", PARTITION_TABLES, "unknown", volumes=PARTITIONS),
        _type("iscsi", 5, "host device initiator"),
        _type("iscsi-direct", 6, "host device initiator", remote=True),
        _type("scsi", 7, "adapter"),
        _type("mpath", 8),
        _type("rbd", 9, "host name", volumes=IMAGE_FORMATS, remote=True),
        _type("sheepdog", 10, "host name", remote=True),
        _type("gluster", 11, "host name dir", volumes=IMAGE_FORMATS, remote=True),
        _type("zfs", 12, "name device"),
        _type("vstorage", 13, "name", volumes=IMAGE_FORMATS),
    )
}

# What `virConnectListAllStoragePools` calls each type; iscsi-direct came last.
LISTING_FLAGS: dict[str, int] = {
    name: 1 << number
    for number, name in enumerate([*(name for name in POOL_TYPES if name != "iscsi-direct"), "iscsi-direct"], 6)
}

# Types whose volumes' formats are accepted but not listed among what is possible.
UNLISTED_FORMATS = frozenset({"rbd"})


def missing_backend(type_: PoolType) -> VirtError:
    """The error for a type that nothing here serves (`virStorageBackendForType`)."""
    detail = f"missing backend for pool type {type_.number} ({type_.name})"
    return VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.STORAGE)
