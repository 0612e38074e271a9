"""Steering a running test driver: faults, the clock, how long work takes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from virtloom.client.connection import Connection
from virtloom.wire import admin
from virtloom.wire.own import PROGRAM as OWN


class Control:
    """Steers the test driver of one daemon. Each call is a connection of its own, so it may be used from any thread.

    :param socket: the daemon's administration socket.
    :param uri: the URI whose host faults are for, unless they say otherwise; a glob.
    """

    def __init__(self, socket: Path, uri: str = "*") -> None:
        self._socket = socket
        self._uri = uri

    def call(self, name: str, /, **arguments: Any) -> Any:
        """A call of the driver's administration.

        :raises virtloom.errors.VirtError: what the driver refuses.
        """
        with Connection(self._socket, (admin.PROGRAM, OWN)) as connection:
            connection.call("connect_open", 0)
            return json.loads(connection.call("call_driver", "test", name, json.dumps(arguments)).json)

    # Faults.

    def fault(self, do: str, **what: Any) -> str:
        """Put a fault in force; returns its name. docs/testing-with-virtloom.md has what there is to say of one.

        :param do: what it does: `error`, `delay`, `close`, `crash`, ...
        """
        return str(self.call("fault_add", **{"uri": self._uri, **what, "do": do}))

    @contextmanager
    def faulty(self, do: str, **what: Any) -> Iterator[str]:
        """A fault that is in force for the length of a block."""
        name = self.fault(do, **what)
        try:
            yield name
        finally:
            self.remove(name)

    def faults(self) -> list[Mapping[str, Any]]:
        """Every fault, with how often something fitted and how often it was hit."""
        return list(self.call("fault_list"))

    def hits(self, name: str) -> int:
        """How often a fault hit."""
        return next(int(fault["hit"]) for fault in self.faults() if fault["name"] == name)

    def release(self, name: str) -> None:
        """Let go of what a fault holds back."""
        self.call("fault_release", name=name)

    def remove(self, name: str) -> None:
        """End a fault."""
        self.call("fault_remove", name=name)

    def clear(self) -> None:
        """End all faults."""
        self.call("fault_clear")

    # Time.

    def clock(self, *, to: float | None = None, by: float | None = None, rate: float | None = None) -> float:
        """Move the hosts' clock, or change how fast it runs; returns what it shows, in seconds since 1970.

        :param to: what it is to show; :param by: seconds to add; :param rate: its speed, 0 to stop it.
        """
        given = {name: value for name, value in (("to", to), ("by", by), ("rate", rate)) if value is not None}
        return float(self.call("clock", **given)["now"])

    def durations(self, **seconds: float) -> Mapping[str, float]:
        """Change how long work takes, by its kind: `durations(save=2, migrate=10)`; returns all of them."""
        return dict(self.call("durations", **seconds))

    def crash(self, uri: str, name: str) -> None:
        """Let a guest of a host crash now.

        :param uri: the host's URI, `test:///default`.
        """
        self.call("crash", uri=uri, name=name)

    def abort(self, uri: str, pool: str, volume: str) -> None:
        """Abort what is being done to a volume: its creation, its wipe. Guests have `virDomainAbortJob`."""
        self.call("abort", uri=uri, pool=pool, volume=volume)

    def forget(self, uri: str) -> None:
        """Forget a host that nobody is connected to."""
        self.call("forget", uri=uri)
