"""Who is at the other end of a unix socket, as the kernel tells it (SO_PEERCRED, unix(7))."""

from __future__ import annotations

import grp
import pwd
import socket
import struct
from functools import lru_cache

from virtloom.driver.context import Identity

_UCRED = struct.Struct("iII")  # pid, uid, gid
_NOBODY = (1 << 32) - 1


def identify(sock: socket.socket) -> Identity:
    """The process that connected; fields that the kernel does not tell are None, names that are unknown are "".

    :param sock: a connected unix socket.
    """
    pid, uid, gid = _UCRED.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
    if uid == _NOBODY:
        return Identity()
    return Identity(uid, gid, pid or None, user_name(uid), group_name(gid), process_name(pid))


@lru_cache(256)
def user_name(uid: int) -> str:
    """The name of a user, or ""."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return ""


@lru_cache(256)
def group_name(gid: int) -> str:
    """The name of a group, or ""."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return ""


def process_name(pid: int) -> str:
    """A process's name for people (proc(5), comm), or "" if it has gone."""
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().rstrip("\n")
    except OSError:
        return ""
