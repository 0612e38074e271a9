"""A listening unix socket: at a path of its own, or taken over from whoever started the daemon.

Guarantees: the socket has its mode and group before anybody can connect; a socket that a dead daemon left behind is
replaced, one that somebody answers at is not; closing removes the path that was made here, and no other.
"""

from __future__ import annotations

import errno
import grp
import os
import socket
import stat
from pathlib import Path

from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error

SD_LISTEN_FDS_START = 3
PATH_MAX = 107  # bytes of a socket's path, without the zero at its end


class Listener:
    """A socket to accept clients from.

    :param sock: a unix socket that listens.
    :param readonly: whether who comes through it may only look.
    :param path: the path to remove at the end; None if it is not ours to remove.
    """

    def __init__(self, sock: socket.socket, readonly: bool = False, path: Path | None = None) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.readonly = readonly
        self.name = str(path or sock.getsockname() or "a socket without a name")
        self._path = path
        self._inode = None if path is None else path.stat().st_ino

    def accept(self) -> socket.socket | None:
        """The next client's socket, not blocking, closed on exec; None if there is none.

        :raises OSError: when the process or the host has run out of descriptors or memory.
        """
        try:
            sock, _ = self.sock.accept()
        except (BlockingIOError, ConnectionAbortedError, InterruptedError):
            return None
        sock.setblocking(False)
        return sock

    def close(self) -> None:
        """Stop listening and remove the path, unless somebody put another socket there meanwhile."""
        self.sock.close()
        path, self._path = self._path, None
        if path is None:
            return
        try:
            if path.lstat().st_ino == self._inode:
                path.unlink()
        except FileNotFoundError:
            pass


def listen(
    path: Path, *, mode: int = 0o777, group: str | None = None, readonly: bool = False, backlog: int = 20
) -> Listener:
    """Listen at a path.

    :param mode: permissions of the socket (libvirtd.conf: unix_sock_rw_perms and its like).
    :param group: the name of the group that it is given (libvirtd.conf: unix_sock_group).
    :param backlog: how many clients may wait to be accepted.
    :raises VirtError: SYSTEM_ERROR if the path cannot be used; OPERATION_FAILED if another daemon answers there.
    """
    _refuse_long(path)
    _remove_stale(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _bind(sock, path, mode, group)
        sock.listen(backlog)
    except OSError as error:
        sock.close()
        raise system_error(error, f"Failed to bind socket to '{path}'", ErrorDomain.RPC) from error
    except VirtError:
        sock.close()
        path.unlink(missing_ok=True)
        raise
    return Listener(sock, readonly, path)


def _refuse_long(path: Path) -> None:
    size = len(os.fsencode(path))
    if size > PATH_MAX:
        detail = f"the socket's path '{path}' is too long: {size} bytes, and unix(7) takes {PATH_MAX}"
        raise VirtError(ErrorCode.OPERATION_FAILED, detail, ErrorDomain.RPC, hint="choose a shorter --root")


def _bind(sock: socket.socket, path: Path, mode: int, group: str | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    sock.bind(str(path))
    # Nobody can connect before listen(2), so there is no moment at which the socket is open to the wrong people.
    os.chmod(path, mode)
    if group is not None:
        os.chown(path, -1, _group_id(group))


def _group_id(group: str) -> int:
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        raise VirtError(
            ErrorCode.INVALID_ARG,
            f"the group '{group}' does not exist",
            ErrorDomain.RPC,
            hint=f"create it (groupadd {group}) or name another in the configuration",
        ) from None


def _remove_stale(path: Path) -> None:
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            return
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except OSError as error:
            if error.errno == errno.ECONNREFUSED:
                path.unlink(missing_ok=True)
            return
    raise VirtError(
        ErrorCode.OPERATION_FAILED,
        f"another daemon listens at '{path}'",
        ErrorDomain.RPC,
        hint="stop it, or start this one with another --root",
    )


def inherited(environ: dict[str, str] | os._Environ[str] = os.environ) -> dict[str, socket.socket]:
    """The listening sockets that a service manager passed, by their names (sd_listen_fds_with_names(3)).

    :param environ: read for LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES, which are then removed.
    """
    pid, count, names = (environ.pop(key, "") for key in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"))
    if not count.isdigit() or pid != str(os.getpid()):
        return {}
    labels = names.split(":") if names else []
    sockets = {}
    for index in range(int(count)):
        fd = SD_LISTEN_FDS_START + index
        os.set_inheritable(fd, False)
        label = labels[index] if index < len(labels) else str(index)
        sockets[label] = socket.socket(fileno=fd)
    return sockets
