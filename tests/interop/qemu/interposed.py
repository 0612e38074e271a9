#!/usr/bin/env python3
"""QEMU with somebody between its monitor and the daemon, who can hold one command back, or its answer.

It is the `<emulator>` of a guest. Beside the program, a file `hold` says `before COMMAND` or `after COMMAND`; when that
command comes, the file `held` is made, and the daemon hears nothing more on this connection.
"""

from __future__ import annotations

import json
import os
import re
import select
import socket
import sys
from contextlib import suppress
from pathlib import Path

QEMU = "/usr/bin/qemu-system-x86_64"
HERE = Path(sys.argv[0]).parent


class Between:
    """One connection of the daemon's, and the one to QEMU that belongs to it."""

    def __init__(self, client: socket.socket, path: str) -> None:
        self._client = client
        self._qemu = socket.socket(socket.AF_UNIX)
        self._qemu.connect(path)
        self._ends = (client, self._qemu)
        self._partial = b""

    def serve(self) -> None:
        """Pass everything on until one end is gone."""
        while True:
            for end in select.select(self._ends, [], [])[0]:
                data, descriptors, _, _ = socket.recv_fds(end, 1 << 20, 8)
                if not data:
                    self._qemu.close()
                    self._client.close()
                    return
                if end is self._qemu:
                    self._client.sendall(data)
                elif not self._ask(data, descriptors):
                    self._hold()
                    return
                for descriptor in descriptors:
                    os.close(descriptor)

    def _ask(self, data: bytes, descriptors: list[int]) -> bool:
        """Pass a question on; False if it is the one to be held."""
        self._partial += data
        *lines, self._partial = self._partial.split(b"\n")
        for line in lines:
            asked = json.loads(line)
            when, command = _hold()
            if asked.get("execute") != command:
                socket.send_fds(self._qemu, [line + b"\n"], descriptors)
                continue
            if when == "after":
                socket.send_fds(self._qemu, [line + b"\n"], descriptors)
                self._wait_for_answer(asked["id"])
            return False
        return True

    def _wait_for_answer(self, number: str) -> None:
        with self._qemu.makefile("rb") as lines:
            for line in lines:
                if json.loads(line).get("id") == number:
                    return

    def _hold(self) -> None:
        """Say nothing until the daemon is gone."""
        (HERE / "hold").unlink()
        (HERE / "held").touch()
        with suppress(OSError):
            while self._client.recv(1 << 20):
                pass
        self._qemu.close()


def _hold() -> tuple[str, str]:
    try:
        when, command = (HERE / "hold").read_text().split()
    except (OSError, ValueError):
        return "", ""
    return when, command


def stand_between(listener: socket.socket, path: str, guest: int) -> None:
    """Serve one daemon after the other, for as long as the guest's process is there."""
    while os.getppid() == guest:
        if select.select([listener], [], [], 0.5)[0]:
            with suppress(ConnectionError):
                Between(listener.accept()[0], path).serve()


def main() -> None:
    argv = [QEMU, *sys.argv[1:]]
    place = next((at for at, word in enumerate(argv) if word.startswith("socket,id=charmonitor")), None)
    if place is not None:
        found = re.search(r"fd=(\d+)", argv[place])
        assert found is not None
        inner = socket.socket(socket.AF_UNIX)
        path = f"{HERE}/inner-{os.getpid()}"
        inner.bind(path)
        inner.listen(1)
        inner.set_inheritable(True)
        argv[place] = argv[place].replace(found[0], f"fd={inner.fileno()}")
        guest = os.getpid()
        if os.fork() == 0:
            inner.close()
            stand_between(socket.socket(fileno=int(found[1])), path, guest)
            os._exit(0)
    os.execv(QEMU, argv)


if __name__ == "__main__":
    main()
