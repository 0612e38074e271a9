"""A unix socket of our own that clients connect to, each served by a thread."""

from __future__ import annotations

import shutil
import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from virtloom.client.framesocket import FrameSocket
from virtloom_testing.settings import scratch_root

JOIN = 5.0  # seconds that a connection's thread has to see that its socket was shut


class Listening(ABC):
    """What serves clients for the length of a `with` block, at a socket in a folder of its own."""

    def __init__(self) -> None:
        self._folder = scratch_root()
        self.path = self._folder / "sock"
        self._socket = socket.socket(socket.AF_UNIX)
        self._threads: list[threading.Thread] = []
        self._clients: list[FrameSocket] = []
        self._mutex = threading.Lock()
        self._stopping = False

    @abstractmethod
    def _serve(self, number: int, client: FrameSocket) -> None:
        """Serve a client, on a thread of its own; its socket may be left open.

        :param number: the client's, from 1.
        """

    def __enter__(self) -> Self:
        self._socket.bind(str(self.path))
        self._socket.listen(128)
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping = True
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        with self._mutex:
            clients = tuple(self._clients)
        for client in clients:
            client.shut()
        for thread in tuple(self._threads):
            thread.join(JOIN)
        self._socket.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, name="virtloom-session", daemon=True)
        self._threads = [one for one in self._threads if one.is_alive()] + [thread]
        thread.start()

    def _accept(self) -> None:
        number = 0
        while True:
            try:
                accepted, _ = self._socket.accept()
            except OSError:
                return
            number += 1
            client = FrameSocket(accepted)
            with self._mutex:
                self._clients.append(client)
            if self._stopping:
                client.shut()
            self._start(lambda number=number, client=client: self._run(number, client))  # type: ignore[misc]

    def _run(self, number: int, client: FrameSocket) -> None:
        try:
            self._serve(number, client)
        finally:
            with self._mutex:
                self._clients.remove(client)
            client.close()


def uri_through(uri: str, path: Path) -> str:
    """A URI that opens the same through another socket: `test:///default` becomes `test+unix:///default?socket=PATH`."""
    parts = urlsplit(uri)
    scheme = parts.scheme.partition("+")[0]
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != "socket"]
    return f"{scheme}+unix://{parts.path}?{urlencode([*query, ('socket', str(path))], quote_via=quote, safe='/')}"
