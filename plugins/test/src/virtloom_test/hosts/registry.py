"""The hosts that are open: each shared by all connections to its URI, and isolated from the others.

Guarantees: a host is made once for each URI however many open it at once; connections to other URIs never see its
objects or events. Locks: a leaf lock for the table; hosts are made with none held.
Remaining race: two that open a host at the same time may both make it; one of the two is then forgotten unseen.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import NamedTuple

from virtloom.driver import URI, Driver, DriverKind
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import Level
from virtloom.xmldef.chance import drawn_from
from virtloom_test.hosts.file import default_host, host_from_file, recorded_host
from virtloom_test.hosts.host import TestHost
from virtloom_test.hosts.kept import Kept
from virtloom_test.stage import Stage

NUMBERED = re.compile(r"/host/(0|[1-9]\d{0,5})")
NAMED = re.compile(r"/[A-Za-z_][A-Za-z0-9_-]*")


MAIN = ("/default", "/system", "/session")  # the host itself, by the paths that drivers have for it


class _Open(NamedTuple):
    """A host, and how many connections it has."""

    host: TestHost
    users: int


class Hosts:
    """The hosts by the paths of their URIs.

    `/default` and `/PATH` are libvirt's; `/host/N` are as many separate hosts as are asked for, and `/NAME` is one
    too, unless there is a file of that name.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._kept = Kept(stage)
        self._lock = stage.host.locks.lock("hosts", Level.LEAF)
        self._open: dict[str, _Open] = {}
        self._numbers = count(1)

    def open(self, uri: URI) -> Mapping[DriverKind, Driver]:
        """The drivers of the host that a URI names, for one more connection.

        :raises VirtError: INVALID_ARG without a path, SYSTEM_ERROR or others if its file is wrong.
        """
        path = uri.path
        if not path or path == "/":
            raise VirtError(ErrorCode.INVALID_ARG, "testOpen: supply a path or use test:///default")
        key = f"{path} of connection {next(self._numbers)}" if self._is_private(path) else path
        made = None if key in self._open else self._make(path)
        with self._lock:
            known = self._open.get(key)
            if known is None and made is not None:
                known = _Open(made, 0)
            if known is not None:
                self._open[key] = known._replace(users=known.users + 1)
        if known is None:
            return self.open(uri)  # its last connection went between the two looks
        if known.host is made:
            self._kept.keep(path, made)
            self._stage.faults.attach(made)
        return known.host.drivers

    def close(self, drivers: Mapping[DriverKind, Driver]) -> None:
        """One connection less; the host is forgotten with its last one, unless hosts are kept."""
        gone = None
        with self._lock:
            for path, (host, users) in self._open.items():
                if host.drivers is drivers or host.domains is drivers.get(DriverKind.HYPERVISOR):
                    if users == 1 and not (self._stage.options.keep_hosts or self._stage.options.persist):
                        gone = host
                        del self._open[path]
                    else:
                        self._open[path] = _Open(host, users - 1)
                    break
        if gone is not None:
            self._stage.faults.detach(gone)

    def _is_private(self, path: str) -> bool:
        """Whether each connection has a host of its own: as in libvirt those of files, unless hosts are kept."""
        options = self._stage.options
        return not (options.keep_hosts or options.persist) and self._description(path) is host_from_file

    def all(self) -> list[TestHost]:
        """Those that there are now."""
        return [known.host for known in tuple(self._open.values())]

    def host(self, uri: str) -> TestHost:
        """The host of a URI.

        :raises VirtError: INVALID_ARG if it is not open.
        """
        known = self._open.get(URI.parse(uri).path)
        if known is None:
            raise VirtError(ErrorCode.INVALID_ARG, f"no host '{uri}' is open; there are {', '.join(self._open)}")
        return known.host

    def forget(self, uri: str) -> bool:
        """Forget a host that nobody is connected to; whether there was one."""
        path = URI.parse(uri).path
        with self._lock:
            known = self._open.get(path)
            gone = self._open.pop(path) if known is not None and known.users == 0 else None
        if gone is not None:
            self._stage.faults.detach(gone.host)
        return gone is not None

    def _make(self, path: str) -> TestHost:
        uri = f"test://{path}"
        random = self._stage.random(f"{uri} from the start")
        if random is None:
            return self._description(path)(self._stage, uri)
        with drawn_from(random.randbytes):
            return self._description(path)(self._stage, uri)

    def _description(self, path: str) -> Callable[[Stage, str], TestHost]:
        """How the host of a path is made."""
        if (kept := self._kept.find(path)) is not None:
            return kept
        record = self._stage.options.host if path in MAIN else path
        if record.endswith(".toml"):
            return lambda stage, uri: recorded_host(stage, uri, Path(record))
        if path == "/default" or NUMBERED.fullmatch(path) or (NAMED.fullmatch(path) and not Path(path).exists()):
            return default_host
        return host_from_file
