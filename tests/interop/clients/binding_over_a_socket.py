"""For libvirt-python's own tests: what they open, `test:///default`, is opened through a daemon's socket.

A plugin of pytest's, loaded with `-p` where those tests run. What a socket changes for a client, with libvirtd too, it
hides: the URI with the socket in it is told as the one that was opened, and the event loop counts as idle, and as
drained, while it watches the connection alone.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

import libvirt
import libvirtaio

TESTED, ASKED = os.environ["VIRTLOOM_TESTED_URI"], "test:///default"
opened, told = libvirt.open, libvirt.virConnect.getURI
watched: dict[Any, tuple[int, int]] = {}  # by event loop: what it had to do once the connection was there


def work(loop: Any) -> tuple[int, int]:
    """Callbacks, and their ends that are still to be told of."""
    return len(loop.callbacks), loop._pending


def open_through(uri: str | None = None) -> Any:
    connection = opened(TESTED if uri == ASKED else uri)
    loop = libvirtaio.getCurrentImpl()
    if loop is not None:
        watched[loop] = work(loop)
    return connection


def is_idle(loop: Any) -> bool:
    return all(now <= then for now, then in zip(work(loop), watched.get(loop, (0, 0)), strict=True))


async def drain(loop: Any) -> None:
    while not is_idle(loop):
        await asyncio.sleep(0.01)


def uri_of(connection: Any) -> str:
    uri: str = told(connection)
    return ASKED if uri == TESTED else uri


libvirt.open = open_through
libvirt.virConnect.getURI = uri_of
libvirtaio.virEventAsyncIOImpl.is_idle = is_idle
libvirtaio.virEventAsyncIOImpl.drain = drain
