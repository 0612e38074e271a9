"""A client that registers for events and never reads them costs itself, not the daemon's memory."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from daemons import CONFIG, Daemon, eventually
from virtloom.client.connection import connect
from virtloom.wire import remote
from virtloom.wire.frames import pack_call

CYCLES = 3000  # the same figure for 10,000 is in docs/testing-with-virtloom.md
GROWTH_MAX = 8192  # KiB; each cycle kept would be well above


@pytest.fixture
def kept(scratch: Path) -> Any:
    running = Daemon(scratch, CONFIG + "[driver.test]\nkeep_hosts = true\n")
    yield running
    running.stop()


def test_memory_stays_flat_while_guests_start_and_stop(kept: Daemon) -> None:
    with socket.socket(socket.AF_UNIX) as deaf, connect("test:///default", path=kept.socket) as connection:
        deaf.connect(str(kept.socket))
        asked: tuple[tuple[str, tuple[Any, ...]], ...] = (
            ("auth_list", ()),
            ("connect_open", ("test:///default", 0)),
            ("connect_domain_event_callback_register_any", (0, None)),
        )
        for serial, (name, args) in enumerate(asked, 1):
            deaf.sendall(pack_call(remote.PROGRAM, remote.PROGRAM.by_name(name), serial, args))
        domain = connection.domain_lookup_by_name("test").dom

        def live(cycles: int) -> None:
            for _ in range(cycles):
                connection.domain_destroy(domain)
                connection.domain_create(domain)

        eventually(lambda: len(deaf.recv(1 << 16, socket.MSG_PEEK)) > 90, "its calls to be answered")
        live(CYCLES // 3)
        before = kept.resident_kib()
        live(CYCLES)
        assert kept.resident_kib() - before < GROWTH_MAX
        assert len(deaf.recv(1 << 20, socket.MSG_PEEK)) > 10_000  # it did have events to read
