"""The files of a guest belong to whom its process runs as for as long as it runs, and to their owner afterwards; those
that are devices are on the list of what its processes may open.

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
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from virtloom.driver.files.journal import Journal
from virtloom.driver.hostdevs import Host
from virtloom.driver.hostdevs.sources import nodes
from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Disk
from virtloom_qemu.process.identity import Identity
from virtloom_qemu.runs.given.devicelist import DeviceList, devices_of

log = logging.getLogger(__name__)
ATTRIBUTE = "trusted.virtloom.owner"
REFUSED = (errno.EPERM, errno.EROFS, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL)  # by file systems without owners
HELD_WITHIN = 10.0  # seconds for another process to let go of a file's lock
CHARACTERS = ("serials", "parallels", "consoles", "channels")


class Ownership:
    """Giving files to one run's user.

    :param who: the user; None leaves all files as they are.
    :param remember: whether it is written down whom a file belonged to.
    :param devices: the list of devices that its processes may open.
    """

    def __init__(self, who: Identity | None, *, remember: bool = True, devices: DeviceList | None = None) -> None:
        self.who = who
        self._remember = remember
        self._devices = devices or DeviceList(None)

    def grant(self, path: str, *, readonly: bool = False, kept: bool = False, label: str | None = None) -> None:
        """Give a file to the user; one that is not there is left to whoever opens it.

        :param readonly: whether a device is only read; :param kept: whether its owner stays whoever it is.
        :param label: names another user for the file.
        :raises VirtError: SYSTEM_ERROR if the owner cannot be changed, OPERATION_INVALID if a guest of another user
            has it.
        """
        self._devices.allow(path, readonly=readonly)
        if kept or self.who is None or not os.path.exists(path):
            return
        who = self.who if label is None else Identity.of_label(label)
        with _held(path):
            before = _read(path)
            if self._remember:
                _note(path, who)
            try:
                give(path, who)
            except VirtError:
                _write_back(path, before)
                raise

    def give_back(self, path: str) -> None:
        """Give a file back to its owner, unless another guest still uses it; one that is gone is no error.

        :raises VirtError: SYSTEM_ERROR if the owner cannot be changed.
        """
        self._devices.deny(path)
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
    def granted(self, live: Domain, journal: Journal) -> Iterator[None]:
        """Give a run its files; if the block raises, they are given back.

        :param journal: is told of each before it is given.
        """
        given: list[GuestFile] = []
        self._devices.begin()
        try:
            for one in files_of(live):
                if self.who is not None and one.back and not one.kept:
                    user, group = self.who if one.label is None else Identity.of_label(one.label)
                    journal.add("owner", path=one.path, user=str(user), group=str(group))
                self.grant(one.path, readonly=one.readonly, kept=one.kept, label=one.label)
                given.append(one)
            yield
        except BaseException:
            self._restore(given)
            raise

    @contextmanager
    def granted_too(self, live: Domain, wanted: Domain) -> Iterator[None]:
        """Give a run that goes on what devices need that come to it; if the block raises, it is given back.

        :param wanted: the definition with those devices. Images are given when their nodes come (`OpenedImages`).
        """
        given: list[GuestFile] = []
        try:
            for one in besides(wanted, live):
                self.grant(one.path, readonly=one.readonly, kept=one.kept, label=one.label)
                given.append(one)
            yield
        except BaseException:
            self._release(given)
            raise

    def released(self, live: Domain, fewer: Domain) -> None:
        """Take from a run that goes on what devices needed that went; a failure is logged.

        :param fewer: the definition without those devices.
        """
        self._release(besides(live, fewer))

    def _release(self, given: Iterable[GuestFile]) -> None:
        for one in given:
            try:
                if one.back and not one.kept:
                    self.give_back(one.path)
                else:
                    self._devices.deny(one.path)
            except VirtError as error:
                log.warning("a guest's file keeps its owner: %s", error)

    def restore(self, live: Domain) -> None:
        """Give back what a run had that has ended; a failure keeps no other file."""
        self._restore(list(files_of(live)))

    def _restore(self, given: list[GuestFile]) -> None:
        for one in given:
            if one.back and not one.kept:
                try:
                    self.give_back(one.path)
                except VirtError as error:
                    log.warning("a guest's file keeps its owner: %s", error)

    def undo(self, entry: dict[str, Any]) -> None:
        """Give a file back that a start which a crash cut off was given, or was about to be.

        :param entry: the line of the journal.
        :raises VirtError: SYSTEM_ERROR.
        """
        path, who = entry["path"], Identity(int(entry["user"]), int(entry["group"]))
        with suppress(FileNotFoundError):
            found = os.stat(path)
            if _read(path) is not None or (found.st_uid, found.st_gid) == who:
                Ownership(who, remember=self._remember).give_back(path)


def _note(path: str, who: Identity) -> None:
    """Write down whom a file belongs to that is given to somebody, or that another guest of theirs uses it too."""
    before, found = _read(path), os.stat(path)
    if before is None:
        _write(path, {"owner": [found.st_uid, found.st_gid], "users": 1, "boot": _boot()})
        return
    if (found.st_uid, found.st_gid) != who:
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


class GuestFile(NamedTuple):
    """A file that a run's process opens by itself.

    :ivar back: whether it is given back when the run ends; :ivar kept: whether its owner stays whoever it is.
    :ivar readonly: whether it is only read; :ivar label: names whom it is given to, if not the run's user.
    """

    path: str
    back: bool = True
    kept: bool = False
    readonly: bool = False
    label: str | None = None


def files_of(live: Domain) -> Iterator[GuestFile]:
    """The files that a run's process opens by itself.

    Images that are read alone, or shared, are not given back: other guests, of other hosts too, may have them.
    """
    for disk in live.parts.disks:
        for image in images_of(disk):
            yield GuestFile(image.path, image.is_ours, image.kept, image.readonly, image.label)
    yield from _others(live)


def besides(more: Domain, fewer: Domain) -> list[GuestFile]:
    """The files that one definition has besides another's, but for images."""
    known = set(_others(fewer))
    return [one for one in _others(more) if one not in known]


def _others(live: Domain) -> Iterator[GuestFile]:
    """The files that are no images."""
    for kind in CHARACTERS:
        for device in getattr(live.parts, kind):
            if device.type in ("file", "dev", "pipe") and device.source:
                path = device.source[0].get("path")
                if path is not None:
                    yield GuestFile(path, kept=keeps_owner(device.source[0]), label=label_of(device.source[0]))
    if live.os is not None:
        for path in (live.os.kernel, live.os.initrd, live.os.dtb):
            if path:
                yield GuestFile(path)
        if live.os.nvram is not None and live.os.nvram.text.strip():
            yield GuestFile(live.os.nvram.text.strip())
    for module in live.parts.memories:
        path = _text(module, "source/path")
        if path:
            yield GuestFile(path)
    for one in live.parts.inputs:
        path = one.node().value("source", "evdev")
        if path:
            yield GuestFile(path)
    yield from (GuestFile(str(node)) for node in nodes(live.parts.hostdevs, Host()))
    yield from (GuestFile(path, back=False, kept=True) for path in devices_of(live))


class ImageFile(NamedTuple):
    """A file of a disk.

    :ivar number: which its block node is called by; :ivar is_ours: whether only this guest can have it open.
    :ivar kept: whether it says that its owner is to stay; :ivar readonly: whether it is only read.
    :ivar label: names whom it is given to, if it says so.
    """

    path: str
    number: str | None
    is_ours: bool
    kept: bool
    readonly: bool
    label: str | None


def images_of(disk: Disk) -> Iterator[ImageFile]:
    """The files of a disk, its backing ones too."""
    alone, readonly = not (disk.readonly or disk.shareable), disk.readonly
    node: Node | None = disk.node("disk")
    while node is not None:
        source = node.find("source")
        path = (source.get("file") or source.get("dev")) if source is not None else None
        if source is not None and path is not None:
            kept = keeps_owner(source)
            yield ImageFile(path, source.get("index"), alone and not kept, kept, readonly, label_of(source))
        node, alone, readonly = node.find("backingStore"), False, True


def label_of(source: Node) -> str | None:
    """Whom a device says that its file is to be given to."""
    labels = (one.find("label") for one in source.all("seclabel") if one.get("model") in (None, "dac"))
    return next((one.text.strip() for one in labels if one is not None), None)


def keeps_owner(source: Node) -> bool:
    """Whether a device says that its file's owner is to stay."""
    return any(one.get("relabel") == "no" for one in source.all("seclabel") if one.get("model") in (None, "dac"))


def _text(node: Node, path: str) -> str | None:
    found = node.find(path)
    return None if found is None else found.text.strip()
