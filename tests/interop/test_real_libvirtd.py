"""Our client against a real libvirtd: the same declarations serve both ends of the protocol."""

from __future__ import annotations

import queue
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daemons import eventually, needs
from virtloom.client import Connection, connect
from virtloom.errors import ErrorCode, VirtError


@pytest.fixture
def connection(scratch: Path) -> Iterator[Connection]:
    program = needs("libvirtd", "libvirt-daemon-system")
    config, socket = scratch / "libvirtd.conf", scratch / "libvirt-sock"
    config.write_text(f'unix_sock_dir = "{scratch}"\nauth_unix_rw = "none"\nauth_unix_ro = "none"\n')
    command = [program, "--config", str(config), "--pid-file", str(scratch / "pid")]
    with (scratch / "log").open("wb") as log:
        daemon = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        eventually(socket.exists, "libvirtd's socket")
        with connect("test:///default", path=socket) as opened:
            yield opened
    finally:
        daemon.terminate()
        daemon.wait(30)


def test_calls_errors_streams_and_events(connection: Connection) -> None:
    domain = connection.domain_lookup_by_name("test").dom
    assert connection.domain_get_info(domain).maxMem == 8388608
    with pytest.raises(VirtError) as caught:
        connection.domain_lookup_by_name("nobody")
    assert caught.value.code is ErrorCode.NO_DOMAIN
    seen: queue.SimpleQueue[Any] = queue.SimpleQueue()
    connection.on_event(lambda name, message: seen.put(name))
    connection.connect_domain_event_callback_register_any(0, None)
    connection.domain_suspend(domain)
    assert seen.get(timeout=30) == "domain_event_callback_lifecycle"
    result, stream = connection.stream("domain_screenshot", domain, 0, 0)
    data = b"".join(piece for piece in stream if isinstance(piece, bytes))
    stream.finish()
    assert result.mime == "image/png"
    assert data.startswith(b"\x89PNG")
