"""Where displays are served: the address that the configuration names, and ports that nobody uses.

A port is reserved from its choice until the guest runs and listens there, so that two starts never choose the same.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import Level, LockManager
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Graphics, Listen
from virtloom_qemu.settings import Settings

FIRST, LAST = 5900, 65535  # the ports that are tried (`remote_display_port_min`, `remote_display_port_max`)


class Displays:
    """The places of all guests' displays.

    :param settings: where displays listen that do not say.
    """

    def __init__(self, settings: Settings, locks: LockManager) -> None:
        self._addresses = {"vnc": settings.vnc_listen, "spice": settings.spice_listen}
        self._lock = locks.lock("display ports", Level.LEAF)
        self._reserved: set[int] = set()

    @contextmanager
    def placed(self, definition: Domain, folder: Path) -> Iterator[Domain]:
        """A definition whose displays have addresses and ports; the ports are reserved for the length of the block.

        :param folder: of the run, in which sockets are that have no place of their own.
        :raises VirtError: INTERNAL_ERROR if no port is free, or not the one that is wanted.
        """
        ports: list[int] = []
        try:
            displays = tuple(self._placed(one, folder, ports) for one in definition.parts.graphics)
            yield definition.with_devices(graphics=displays) if displays else definition
        finally:
            with self._lock:
                self._reserved.difference_update(ports)

    def _placed(self, one: Graphics, folder: Path, ports: list[int]) -> Graphics:
        listens = one.listens or (Listen(type="address"),)
        if one.type not in self._addresses or listens[0].type == "none":
            return one
        if listens[0].type == "socket":
            path = listens[0].socket or f"{folder}/{one.type}.sock"
            return one.replace(socket=path, listens=(listens[0].replace(socket=path), *listens[1:]))
        address = listens[0].address or self._addresses[one.type]
        listens = (listens[0].replace(address=address), *listens[1:])
        one = one.replace(listen_attribute=address)
        if not one.autoport and one.port is not None and one.port > 0:
            self._reserve_one(one.port, address)
            ports.append(one.port)
            return one.replace(listens=listens)
        ports.append(self._reserve(one.type, address))
        return one.replace(listens=listens, port=ports[-1], autoport=True)

    def _reserve_one(self, port: int, address: str) -> None:
        with self._lock:
            taken = port in self._reserved
            self._reserved.add(port)
        if taken or not _is_free(address, port):
            if not taken:
                with self._lock:
                    self._reserved.discard(port)
            raise VirtError(ErrorCode.INTERNAL_ERROR, f"Failed to reserve port {port}")

    def _reserve(self, kind: str, address: str) -> int:
        for port in range(FIRST, LAST + 1):
            with self._lock:
                if port in self._reserved:
                    continue
                self._reserved.add(port)
            if _is_free(address, port):
                return port
            with self._lock:
                self._reserved.discard(port)
        detail = f"Unable to find an unused port in range '{kind}' ({FIRST}-{LAST})"
        raise VirtError(ErrorCode.INTERNAL_ERROR, detail)


def _is_free(address: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((address, port))
        except OSError as error:
            return error.errno != errno.EADDRINUSE  # of an address that is wrong, QEMU tells what
    return True
