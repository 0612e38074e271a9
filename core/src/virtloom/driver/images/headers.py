"""What the first bytes of a file say of it: its format and how large its disk is.

Only a bounded, fixed part of the file is looked at, and nothing that it names is opened. Source of the numbers: the
formats' own specifications (QEMU's docs/interop, the VDI and VMDK headers), as libvirt's `fileTypeInfo` has them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

SIZE = 64 << 10  # bytes: enough for the farthest magic, that of an ISO image, and for the names in a first cluster
QCOW2_EXTERNAL_DATA = 1 << 2  # the incompatible feature that sends a reader to another file
QCOW2_BACKING_FORMAT = 0xE2792ACA  # the header extension with the format of the image behind
QCOW2_LENGTH = 72  # bytes of a header of version 2; later ones tell theirs
NAME_MAX = 1023  # bytes of the name of an image behind
QED_BACKED = 1 << 0  # the feature of an image that has one behind it


class Magic(NamedTuple):
    """How a format is recognised.

    :ivar at: magic: the bytes that tell it, and where.
    :ivar order: "big" or "little".
    :ivar version_at: versions: the four bytes of its version and the values that are known; -1 for none.
    :ivar size_at: where the disk's size stands; -1 if nowhere. :ivar unit: bytes in one.
    """

    format: str
    at: int
    magic: bytes
    order: str
    version_at: int = -1
    versions: tuple[int, ...] = ()
    size_at: int = -1
    unit: int = 1


MAGICS = (
    Magic("iso", 32769, b"CD001", "little"),
    Magic("vpc", 0, b"conectix", "big", 12, (0x10000,), 48),
    Magic("vdi", 64, b"\x7f\x10\xda\xbe", "little", 68, (0x10001,), 368),
    Magic("ploop", 0, b"WithouFreSpacExt", "little", -1, (), 36, 512),
    Magic("cow", 0, b"OOOM", "big", 4, (2,), 1036),
    Magic("qcow", 0, b"QFI\xfb", "big", 4, (1,), 24),
    Magic("qcow2", 0, b"QFI\xfb", "big", 4, (2, 3), 24),
    Magic("qed", 0, b"QED\0", "little", -1, (), 48),
    Magic("vmdk", 0, b"KDMV", "little", 4, (1, 2, 3), 12, 512),
)
LUKS = b"LUKS\xba\xbe"


class Header(NamedTuple):
    """What a header says.

    :ivar format: raw if nothing is recognised.
    :ivar capacity: bytes of the disk; None where the file's size is.
    :ivar is_luks: whether it is a LUKS container.
    :ivar payload: where a LUKS container's data begins, in bytes.
    :ivar names_data_file: whether its data is in another file, which it names.
    :ivar backing: the image behind it, as it names that; :ivar backing_format: None if it does not say.
    """

    format: str
    capacity: int | None = None
    is_luks: bool = False
    payload: int = 0
    names_data_file: bool = False
    backing: str | None = None
    backing_format: str | None = None


def _number(data: bytes, at: int, size: int, order: str) -> int | None:
    piece = data[at : at + size]
    return int.from_bytes(piece, order) if len(piece) == size else None  # type: ignore[arg-type]


def _matches(magic: Magic, data: bytes) -> bool:
    if data[magic.at : magic.at + len(magic.magic)] != magic.magic:
        return False
    return magic.version_at < 0 or _number(data, magic.version_at, 4, magic.order) in magic.versions


def read_header(data: bytes) -> Header:
    """What the first bytes of a file say of it.

    :param data: at most `SIZE` bytes.
    """
    found = next((magic for magic in MAGICS if _matches(magic, data)), None)
    if found is None:
        return _raw(data)
    capacity = _number(data, found.size_at, 8, found.order) if found.size_at >= 0 else None
    header = Header(found.format, capacity * found.unit if capacity else None)
    more = _MORE.get(found.format)
    return header if more is None else more(header, data)


def _name(data: bytes, at: int | None, length: int | None) -> str | None:
    return data[at : at + min(length or 0, NAME_MAX)].decode(errors="replace") or None if at else None


def _qcow(header: Header, data: bytes) -> Header:
    return header._replace(backing=_name(data, _number(data, 8, 8, "big"), _number(data, 16, 4, "big")))


def _qcow2(header: Header, data: bytes) -> Header:
    modern = _number(data, 4, 4, "big") == 3
    elsewhere = modern and bool((_number(data, 72, 8, "big") or 0) & QCOW2_EXTERNAL_DATA)
    start = (_number(data, 100, 4, "big") or 0) if modern else QCOW2_LENGTH
    extensions = dict(_extensions(data, max(start, QCOW2_LENGTH)))
    return _qcow(header, data)._replace(
        names_data_file=elsewhere,
        backing_format=extensions.get(QCOW2_BACKING_FORMAT, b"").decode(errors="replace") or None,
    )


def _extensions(data: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """What follows a qcow2's header: kinds and contents."""
    while kind := _number(data, at, 4, "big"):
        length = _number(data, at + 4, 4, "big") or 0
        yield kind, data[at + 8 : at + 8 + length]
        at += 8 + -(-length // 8) * 8


def _qed(header: Header, data: bytes) -> Header:
    if not (_number(data, 16, 8, "little") or 0) & QED_BACKED:
        return header
    return header._replace(backing=_name(data, _number(data, 56, 4, "little"), _number(data, 60, 4, "little")))


def _vmdk(header: Header, data: bytes) -> Header:
    """A sparse extent without a size of its own has a descriptor that names the files with the data."""
    return header._replace(names_data_file=header.capacity is None)


_MORE: Mapping[str, Callable[[Header, bytes], Header]] = {"qcow": _qcow, "qcow2": _qcow2, "qed": _qed, "vmdk": _vmdk}


def _raw(data: bytes) -> Header:
    if not data.startswith(LUKS):
        return Header("raw")
    version = _number(data, 6, 2, "big")
    payload = (_number(data, 104, 4, "big") or 0) * 512 if version == 1 else 0
    return Header("raw", is_luks=version == 1, payload=payload)
