"""Disks and where their contents are (`virDomainDiskDefParseXML`, `virDomainStorageSourceParse`)."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain
from virtloom.xmldef.domain.attributes.kinds import Rule, below, flags, must, number, numbers, switches, told, word

TYPES = "none file block dir network volume nvme vhostuser"
FORMATS = ("raw", "dir", "bochs", "cloop", "dmg", "iso", "vpc", "vdi", "fat", "vhd", "ploop", "cow", "qcow", "qcow2",
           "qed", "vmdk")  # fmt: skip
POLICIES = "mandatory requisite optional"
PROTOCOLS = "none nbd rbd sheepdog gluster iscsi http https ftp ftps tftp ssh vxhs nfs"
VIRTIO = switches("iommu ats packed page_per_vq")
GEOMETRY = (*numbers("cyls heads secs"), word("trans", "none auto lba"))

SOURCE: dict[str, tuple[Rule, ...]] = {
    "source/ssl": flags("verify"),
    "source/reservations": must(*flags("managed")),
    "source/slices/slice": (),
}
# What an encrypted image is opened with, and what a host is asked with.
SECRETS: dict[str, tuple[Rule, ...]] = {
    "encryption": (
        told(word("format", "default qcow luks luks2"), "unknown volume encryption format type {}",
             missing="unknown volume encryption format", missing_code=ErrorCode.XML_ERROR, domain=ErrorDomain.STORAGE),
        word("engine", "qemu librbd"),
    ),
    "encryption/cipher": must(number("size")),
    "auth/secret": (),
}  # fmt: skip

TABLE: dict[str, tuple[Rule, ...]] = {
    "disk": (
        word("type", TYPES.removeprefix("none ")),
        word("device", "disk cdrom floppy lun"),
        word("model", "default virtio virtio-transitional virtio-non-transitional"),
        word("snapshot", "no internal external manual"),
        *flags("rawio"),
        word("sgio", "filtered unfiltered"),
    ),
    "disk/source": (word("startupPolicy", POLICIES),),
    "disk[type=network]/source": (*must(word("protocol", PROTOCOLS)), *flags("tls")),
    "disk[type=nvme]/source": flags("managed"),
    "disk/geometry": GEOMETRY,
    "disk/blockio": numbers("logical_block_size physical_block_size"),
    "disk/driver": (
        word("cache", "default none writethrough writeback directsync unsafe"),
        word("error_policy", "stop report ignore enospace"),
        word("rerror_policy", "stop report ignore enospace"),
        word("io", "native threads io_uring"),
        *switches("ioeventfd event_idx copy_on_read"),
        word("discard", "unmap ignore"),
        number("iothread", zero=False),
        word("detect_zeroes", "off on unmap"),
        *numbers("queues queue_size"),
        *VIRTIO,
    ),
    "disk/target": (
        word("bus", "ide fdc scsi virtio xen usb uml sata sd"),
        word("tray", "closed open"),
        *switches("removable"),
        number("rotation_rate"),
    ),
    "disk/transient": flags("shareBacking"),
    "disk/backingStore": (told(word("type", TYPES), "unknown storage source type '{}'", ErrorCode.XML_ERROR),),
    "disk/backingStore[type=network]/source": (*must(word("protocol", PROTOCOLS)), *flags("tls")),
    "disk/backingStore/format": (
        told(
            word("type", FORMATS),
            "unknown storage source format '{}'",
            ErrorCode.XML_ERROR,
            "missing disk backing store format",
            ErrorCode.XML_ERROR,
        ),
    ),
    **below(("disk", "disk/backingStore"), SOURCE),
    **below(("disk", "disk/source", "disk/backingStore/source"), SECRETS),
}
