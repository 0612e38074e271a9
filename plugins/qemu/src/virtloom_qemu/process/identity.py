"""Whom guests' processes run as: the configured user, or one that is there for it, so that no guest is root's.

A label says the same in a definition: `+64055:+64055`, or names in the place of numbers (`<seclabel model='dac'>`).
"""

from __future__ import annotations

import grp
import os
import pwd
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from virtloom.errors import ErrorCode, ErrorDomain, VirtError

MADE_FOR_IT = ("libvirt-qemu", "qemu")  # users that distributions have for guests, in the order in which they are taken


class Identity(NamedTuple):
    """A user and a group, by number."""

    user: int
    group: int

    @classmethod
    def own(cls) -> Identity:
        """The daemon's own."""
        return cls(os.geteuid(), os.getegid())

    @classmethod
    def of_label(cls, label: str) -> Identity:
        """The identity that a label names.

        :raises VirtError: INVALID_ARG for a user or a group that there is not.
        """
        user, colon, group = label.partition(":")
        if not colon:
            detail = f"Failed to parse uid and gid from label '{label}'"
            raise VirtError(ErrorCode.INVALID_ARG, detail, ErrorDomain.SECURITY)
        return cls(user_of(user), group_of(group))

    @property
    def label(self) -> str:
        """How it is written in a definition."""
        return f"+{self.user}:+{self.group}"

    def groups(self) -> list[int]:
        """All groups that a process of it is in."""
        try:
            return os.getgrouplist(pwd.getpwuid(self.user).pw_name, self.group)
        except KeyError:
            return [self.group]


def user_of(text: str) -> int:
    """A user's number, from a name or a number; a plus sign says that it is a number.

    :raises VirtError: INVALID_ARG if there is no such user.
    """
    return _number(text, "user", lambda name: pwd.getpwnam(name).pw_uid)


def group_of(text: str) -> int:
    """The same for a group."""
    return _number(text, "group", lambda name: grp.getgrnam(name).gr_gid)


def _number(text: str, what: str, known: Callable[[str], int]) -> int:
    with suppress(KeyError):
        if not text.startswith("+"):
            return known(text)
    digits = text.removeprefix("+")
    if digits.isascii() and digits.isdigit():
        return int(digits)
    raise VirtError(ErrorCode.INVALID_ARG, f"Failed to parse {what} '{text}'", ErrorDomain.SECURITY)


def chosen(user: str, group: str, folder: Path) -> Identity:
    """Whom guests run as that do not say.

    :param user: group: as configured; empty takes a user that is there for it, if it can reach the folder.
    :param folder: below which a guest's own files are.
    :raises VirtError: INVALID_ARG for a user or a group that there is not.
    """
    if os.geteuid() != 0:
        return Identity.own()
    if user:
        number = user_of(user)
        return Identity(number, group_of(group) if group else _group_like(user, number))
    for name in MADE_FOR_IT:
        try:
            number = pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
        found = Identity(number, group_of(group) if group else _group_like(name, number))
        return found if can_reach(found, folder) else Identity.own()
    return Identity.own()


def _group_like(name: str, number: int) -> int:
    """The group that is called as a user, or the user's own."""
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return pwd.getpwuid(number).pw_gid


def can_reach(who: Identity, folder: Path) -> bool:
    """Whether somebody may go through all folders on the way to one."""
    groups = who.groups()
    for place in (folder, *folder.parents):
        try:
            found = place.stat()
        except FileNotFoundError:
            continue
        mask = stat.S_IXUSR if found.st_uid == who.user else stat.S_IXGRP if found.st_gid in groups else stat.S_IXOTH
        if not found.st_mode & mask:
            return False
    return True
