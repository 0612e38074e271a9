"""Telling whoever started the daemon how it fares: sd_notify(3), and a line on a descriptor."""

from __future__ import annotations

import logging
import os
import socket

log = logging.getLogger(__name__)


def sd_notify(state: str) -> None:
    """Tell the service manager, if there is one (`READY=1`, `RELOADING=1`, `STOPPING=1`).

    The socket is a datagram socket named by NOTIFY_SOCKET; a name that begins with @ is an abstract one.
    """
    name = os.environ.get("NOTIFY_SOCKET")
    if not name:
        return
    address = "\0" + name[1:] if name.startswith("@") else name
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.settimeout(1)
            channel.connect(address)
            channel.send(state.encode())
    except OSError as error:
        log.warning("the service manager could not be told %s: %s", state, error)


def ready(fd: int | None) -> None:
    """Say that clients can connect.

    :param fd: a descriptor to write a line to and close, or None.
    """
    sd_notify("READY=1")
    if fd is not None:
        try:
            os.write(fd, b"ready\n")
            os.close(fd)
        except OSError as error:
            log.warning("nobody was told on descriptor %d that the daemon is ready: %s", fd, error)
