"""The files of a guest belong to whom its process runs as for as long as it runs, and to their owner afterwards.

Whom a file belonged to is remembered in an attribute of its own (xattr(7)), with how many guests use it, so that the
last one gives it back, also if the daemon was started anew meanwhile. Where files have no such attributes they are
given to root. With no lock held: the files' own locks (flock(2)) keep two starts from mixing up the count.
"""

from __future__ import annotations

import errno
import fcntl
import json
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from virtloom.driver.hostdevs import Host
from virtloom.driver.hostdevs.sources import nodes
from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Disk
from virtloom_qemu.process.identity import Identity

log = logging.getLogger(__name__)
ATTRIBUTE = "trusted.virtloom.owner"
REFUSED = (errno.EPERM, errno.EROFS, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL)  # by file systems without owners
HELD_WITHIN = 10.0  # seconds for another process to let go of a file's lock
CHARACTERS = ("serials", "parallels", "consoles", "channels")


class Ownership:
    """Giving files to one run's user.

    :param who: the user; None leaves all files as they are.
    :param remember: whether it is written down whom a file belonged to.
    """

    def __init__(self, who: Identity | None, *, remember: bool = True) -> None:
        self.who = who
        self._remember = remember

    def grant(self, path: str) -> None:
        """Give a file to the user; one that is not there is left to whoever opens it.

        :raises VirtError: SYSTEM_ERROR if the owner cannot be changed, OPERATION_INVALID if a guest of another user
            has it.
        """
        if self.who is None or not os.path.exists(path):
            return
        with _held(path):
            before = _read(path)
            if self._remember:
                self._note(path)
            try:
                give(path, self.who)
            except VirtError:
                _write_back(path, before)
                raise

    def give_back(self, path: str) -> None:
        """Give a file back to its owner, unless another guest still uses it; one that is gone is no error.

        :raises VirtError: SYSTEM_ERROR if the owner cannot be changed.
        """
        if self.who is None or not os.path.exists(path):
            return
        with _held(path):
            before = _read(path)
            if before is not None and before["users"] > 1:
                _write(path, {**before, "users": before["users"] - 1})
                return
            _write_back(path, None)
            owner = Identity(*before["owner"]) if before is not None else Identity(0, 0)
            if self._remember or before is None:
                give(path, owner)

    @contextmanager
    def granted(self, live: Domain) -> Iterator[None]:
        """Give a run its files; if the block raises, they are given back."""
        given: list[tuple[str, bool]] = []
        try:
            for path, back in files_of(live):
                self.grant(path)
                given.append((path, back))
            yield
        except BaseException:
            self._restore(given)
            raise

    def restore(self, live: Domain) -> None:
        """Give back what a run had that has ended; a failure keeps no other file."""
        self._restore(list(files_of(live)))

    def _restore(self, given: list[tuple[str, bool]]) -> None:
        for path, back in given:
            if back:
                try:
                    self.give_back(path)
                except VirtError as error:
                    log.warning("a guest's file keeps its owner: %s", error)

    def _note(self, path: str) -> None:
        before = _read(path)
        if before is None:
            found = os.stat(path)
            _write(path, {"owner": [found.st_uid, found.st_gid], "users": 1, "boot": _boot()})
            return
        found = os.stat(path)
        assert self.who is not None
        if (found.st_uid, found.st_gid) != self.who:
            detail = f"Setting different DAC user or group on {path} which is already in use"
            raise VirtError(ErrorCode.OPERATION_INVALID, detail, ErrorDomain.SECURITY)
        _write(path, {**before, "users": before["users"] + 1})


def give_folder(folder: Path, who: Identity) -> None:
    """Give a run's own folder to whom its process runs as, with what is in it.

    :raises VirtError: SYSTEM_ERROR.
    """
    for place in (folder, *folder.iterdir()):
        give(str(place), who)


@contextmanager
def _held(path: str) -> Iterator[None]:
    """Hold a file's own lock, where it can be opened.

    :raises VirtError: OPERATION_TIMEOUT if another process keeps it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        yield
        return
    try:
        with suppress(OSError):
            _lock(descriptor, path)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, path: str) -> None:
    end = time.monotonic() + HELD_WITHIN
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > end:
                detail = f"another process holds the lock of '{path}' (flock(2))"
                raise VirtError(ErrorCode.OPERATION_TIMEOUT, detail, ErrorDomain.SECURITY) from None
        time.sleep(0.02)


def give(path: str, who: Identity) -> None:
    """Give a file to somebody; file systems that refuse are left as they are.

    :raises VirtError: SYSTEM_ERROR.
    """
    found = os.stat(path)
    if (found.st_uid, found.st_gid) == who:
        return
    try:
        os.chown(path, who.user, who.group)
    except OSError as error:
        if error.errno not in REFUSED:
            detail = f"unable to set user and group to '{who.user}:{who.group}' on '{path}'"
            raise system_error(error, detail, ErrorDomain.SECURITY) from error


def _read(path: str) -> dict[str, Any] | None:
    """Who owned a file before, and how many guests use it; what is from before the host's start is of no use."""
    try:
        found: dict[str, Any] = json.loads(os.getxattr(path, ATTRIBUTE))
    except (OSError, ValueError):
        return None
    return found if found.get("boot") == _boot() else None


def _write(path: str, value: dict[str, Any]) -> None:
    with suppress(OSError):
        os.setxattr(path, ATTRIBUTE, json.dumps(value).encode())


def _write_back(path: str, before: dict[str, Any] | None) -> None:
    """Note of a file what was noted before."""
    if before is not None:
        _write(path, before)
        return
    with suppress(OSError):
        os.removexattr(path, ATTRIBUTE)


def _boot() -> int:
    """When the host started, in seconds since the epoch."""
    lines = Path("/proc/stat").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("btime ")), 0)


def files_of(live: Domain) -> Iterator[tuple[str, bool]]:
    """The files that a run's process opens by itself, and whether each is given back when it ends.

    Images that are read alone, or shared, are not: other guests, of other hosts too, may have them.
    """
    for disk in live.parts.disks:
        yield from ((image.path, image.is_ours) for image in images_of(disk))
    for kind in CHARACTERS:
        for device in getattr(live.parts, kind):
            if device.type in ("file", "dev", "pipe") and device.source:
                path = device.source[0].get("path")
                if path is not None:
                    yield path, True
    if live.os is not None:
        for path in (live.os.kernel, live.os.initrd, live.os.dtb):
            if path:
                yield path, True
        if live.os.nvram is not None and live.os.nvram.text.strip():
            yield live.os.nvram.text.strip(), True
    for module in live.parts.memories:
        path = _text(module, "source/path")
        if path:
            yield path, True
    yield from ((str(node), True) for node in nodes(live.parts.hostdevs, Host()))


class ImageFile(NamedTuple):
    """A file of a disk.

    :ivar number: which its block node is called by; :ivar is_ours: whether only this guest can have it open.
    """

    path: str
    number: str | None
    is_ours: bool


def images_of(disk: Disk) -> Iterator[ImageFile]:
    """The files of a disk, its backing ones too, unless it says that they are to be left as they are."""
    alone = not (disk.readonly or disk.shareable)
    node: Node | None = disk.node("disk")
    while node is not None:
        source = node.find("source")
        path = (source.get("file") or source.get("dev")) if source is not None else None
        if source is not None and path is not None and not _kept(source):
            yield ImageFile(path, source.get("index"), alone)
        node, alone = node.find("backingStore"), False


def _kept(source: Node) -> bool:
    """Whether a disk says that its file is to be left as it is."""
    return any(one.get("relabel") == "no" for one in source.all("seclabel") if one.get("model") in (None, "dac"))


def _text(node: Node, path: str) -> str | None:
    found = node.find(path)
    return None if found is None else found.text.strip()
