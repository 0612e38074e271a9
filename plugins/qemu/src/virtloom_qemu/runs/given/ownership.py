"""The files of a guest belong to whom its process runs as for as long as it runs, and to their owner afterwards; those
that are devices are on the list of what its processes may open.

Where files have no attributes, which remember whom they belonged to (`owners`), they are given to root.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from virtloom.driver.files.journal import Journal
from virtloom.errors import VirtError
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.process.identity import Identity
from virtloom_qemu.runs.given.devicelist import DeviceList
from virtloom_qemu.runs.given.guestfiles import GuestFile, besides, files_of
from virtloom_qemu.runs.given.owners import give, held, note, note_again, noted

log = logging.getLogger(__name__)


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
        with held(path):
            before = noted(path)
            if self._remember:
                note(path, who)
            try:
                give(path, who)
            except VirtError:
                note_again(path, before)
                raise

    def give_back(self, path: str) -> None:
        """Give a file back to its owner, unless another guest still uses it; one that is gone is no error.

        :raises VirtError: SYSTEM_ERROR if the owner cannot be changed.
        """
        self._devices.deny(path)
        if self.who is None or not os.path.exists(path):
            return
        with held(path):
            before = noted(path)
            if before is not None and before["users"] > 1:
                note_again(path, {**before, "users": before["users"] - 1})
                return
            note_again(path, None)
            owner = Identity(*before["owner"]) if before is not None else Identity(0, 0)
            if self._remember or before is None:
                give(path, owner)

    @contextmanager
    def granted(self, live: Domain, journal: Journal) -> Iterator[None]:
        """Give a run its files; if the block raises, they are given back.

        :param journal: is told of each before it is given.
        """
        self._devices.begin()
        with self._giving(self._told(files_of(live), journal), self._restore):
            yield

    @contextmanager
    def granted_too(self, live: Domain, wanted: Domain) -> Iterator[None]:
        """Give a run that goes on what devices need that come to it; if the block raises, it is given back.

        :param wanted: the definition with those devices. Images are given when their nodes come (`OpenedImages`).
        """
        with self._giving(besides(wanted, live), self._release):
            yield

    @contextmanager
    def _giving(self, files: Iterable[GuestFile], back: Callable[[list[GuestFile]], None]) -> Iterator[None]:
        """Give files; if that or the block raises, those that were given go back."""
        given: list[GuestFile] = []
        try:
            for one in files:
                self.grant(one.path, readonly=one.readonly, kept=one.kept, label=one.label)
                given.append(one)
            yield
        except BaseException:
            back(given)
            raise

    def _told(self, files: Iterable[GuestFile], journal: Journal) -> Iterator[GuestFile]:
        """Files, of which the journal is told just before each is given."""
        for one in files:
            if self.who is not None and one.back and not one.kept:
                user, group = self.who if one.label is None else Identity.of_label(one.label)
                journal.add("owner", path=one.path, user=str(user), group=str(group))
            yield one

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
            if noted(path) is not None or (found.st_uid, found.st_gid) == who:
                Ownership(who, remember=self._remember).give_back(path)
