"""Save images: a header, the guest's definition, and what QEMU wrote of its state (libvirt: `qemu_saveimage.c`).

Guarantees: a file has the magic of an incomplete image until all of it is written: a torn one is never restored.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from virtloom.errors import ErrorCode, VirtError, system_error

MAGIC, PARTIAL = b"LibvirtQemudSave", b"LibvirtQemudPart"
VERSION = 2
HEADER = struct.Struct("=16sIIIII14I")  # in the host's byte order
FORMATS = ("raw", "gzip", "bzip2", "xz", "lzop")  # the numbers of compressed forms
PROGRAMS = {"gzip": "gzip", "bzip2": "bzip2", "xz": "xz", "lzop": "lzop"}
TEXT_MAX = 16 << 20  # bytes of the definition
ALIGNMENT = 4096  # of the state, so that it can be read past the cache


@dataclass(frozen=True)
class Image:
    """What an image begins with.

    :ivar definition: the guest's, as XML; :ivar cookie: what else is to be remembered, as XML.
    :ivar running: whether it ran; :ivar compressed: one of `FORMATS`.
    """

    definition: str
    running: bool
    compressed: str = "raw"
    cookie: str | None = None

    def head(self, magic: bytes = MAGIC, room: int | None = None) -> bytes:
        """The bytes ahead of the state.

        :param room: how many there are to be; a round number if None.
        :raises VirtError: OPERATION_FAILED if they do not fit.
        """
        text = self.definition.encode() + b"\0"
        cookie = b"" if self.cookie is None else self.cookie.encode() + b"\0"
        needed = HEADER.size + len(text) + len(cookie)
        size = -(-needed // ALIGNMENT) * ALIGNMENT if room is None else room
        if needed > size:
            raise VirtError(ErrorCode.OPERATION_FAILED, "new xml too large to fit in file")
        number = FORMATS.index(self.compressed)
        offset = len(text) if cookie else 0
        length = size - HEADER.size
        header = HEADER.pack(magic, VERSION, length, int(self.running), number, offset, *[0] * 14)
        return (header + text + cookie).ljust(size, b"\0")


def create(path: Path, image: Image) -> int:
    """Make an image's file, marked as incomplete; the descriptor stands where the state is to be written.

    :raises VirtError: SYSTEM_ERROR or OPERATION_FAILED; no file is left.
    """
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise system_error(error, f"Failed to create file '{path}'") from error
    try:
        _write_whole(descriptor, image.head(PARTIAL))
    except OSError as error:
        os.close(descriptor)
        path.unlink(missing_ok=True)
        raise system_error(error, f"failed to write header to domain save file '{path}'") from error
    return descriptor


def _write_whole(descriptor: int, data: bytes) -> None:
    """Write all of it: behind half a header the state would stand at a wrong place."""
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


def complete(path: Path, image: Image) -> None:
    """Mark an image as complete, once everything in it is on disk.

    :raises VirtError: SYSTEM_ERROR.
    """
    try:
        with open(path, "r+b") as file:
            os.fsync(file.fileno())
            file.write(image.head(MAGIC))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise system_error(error, f"failed to write header to domain save file '{path}'") from error


@contextmanager
def written(path: Path, image: Image) -> Iterator[int]:
    """Make an image: its descriptor, for a block that writes the state; if anything fails, no file is left.

    :raises VirtError: see `create` and `complete`.
    """
    descriptor = create(path, image)
    try:
        yield descriptor
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
    try:
        complete(path, image)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def open_image(path: Path) -> tuple[int, Image]:
    """Open an image; the descriptor stands at the beginning of the state.

    :raises VirtError: OPERATION_FAILED if it is none or is incomplete, SYSTEM_ERROR if it cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise system_error(error, f"Failed to open file '{path}'") from error
    try:
        return descriptor, _read(descriptor)
    except OSError as error:
        os.close(descriptor)
        raise system_error(error, f"failed to read {path}") from error
    except BaseException:
        os.close(descriptor)
        raise


def _read(descriptor: int) -> Image:
    data = os.read(descriptor, HEADER.size)
    if len(data) < HEADER.size:
        raise _failed("failed to read qemu header")
    magic, version, length, running, number, offset, *_ = HEADER.unpack(data)
    if magic == PARTIAL:
        raise _failed("save image is incomplete")
    if magic != MAGIC:
        raise _failed("image magic is incorrect")
    if version > VERSION:
        raise _failed(f"image version is not supported ({version} > {VERSION})")
    if not 0 < length <= TEXT_MAX:
        raise _failed(f"invalid header data length: {length}")
    text = _exactly(descriptor, length)
    definition, cookie = text[: offset or None], text[offset:] if offset else b""
    return Image(
        definition=definition.split(b"\0")[0].decode(errors="replace"),
        running=bool(running),
        compressed=FORMATS[number] if number < len(FORMATS) else f"format {number}",
        cookie=cookie.split(b"\0")[0].decode(errors="replace") or None,
    )


def _exactly(descriptor: int, length: int) -> bytes:
    data = b""
    while len(data) < length:
        piece = os.read(descriptor, length - len(data))
        if not piece:
            raise _failed("failed to read domain XML")
        data += piece
    return data


def rewrite(path: Path, definition: str, running: bool | None) -> None:
    """Put another definition into an image (`virDomainSaveImageDefineXML`).

    :param running: whether the guest is to run when it is restored; None leaves that.
    :raises VirtError: OPERATION_FAILED if it is larger than the room for it.
    """
    descriptor, image = open_image(path)
    room = os.lseek(descriptor, 0, os.SEEK_CUR)
    os.close(descriptor)
    changed = replace(image, definition=definition, running=image.running if running is None else running)
    head = changed.head(MAGIC, room)
    try:
        with open(path, "r+b") as file:
            file.write(head)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise system_error(error, f"failed to write domain xml to '{path}'") from error


def program(form: str, *, decompress: bool = False) -> Sequence[str]:
    """The command that compresses, or decompresses, an image's state; () for a raw one.

    :raises VirtError: OPERATION_FAILED for a form that there is not.
    """
    if form == "raw":
        return ()
    if form not in PROGRAMS:
        raise _failed(f"Invalid compressed save format {form}")
    return (PROGRAMS[form], "-dc" if decompress else "-c")


def _failed(detail: str) -> VirtError:
    return VirtError(ErrorCode.OPERATION_FAILED, detail)
