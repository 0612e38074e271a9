"""Our client against a real libvirtd: the same declarations serve both ends of the protocol."""

from __future__ import annotations

import queue
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daemons import Virsh, eventually, needs
from virtloom.client import Connection, connect
from virtloom.errors import ErrorCode, VirtError
from virtloom_testing.sessions import Proxy, Replay


@pytest.fixture
def socket(scratch: Path) -> Iterator[Path]:
    program = needs("libvirtd", "libvirt-daemon-system")
    config, socket = scratch / "libvirtd.conf", scratch / "libvirt-sock"
    config.write_text(f'unix_sock_dir = "{scratch}"\nauth_unix_rw = "none"\nauth_unix_ro = "none"\n')
    command = [program, "--config", str(config), "--pid-file", str(scratch / "pid")]
    with (scratch / "log").open("wb") as log:
        daemon = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        eventually(socket.exists, "libvirtd's socket")
        yield socket
    finally:
        daemon.terminate()
        daemon.wait(30)


@pytest.fixture
def connection(socket: Path) -> Iterator[Connection]:
    with connect("test:///default", path=socket) as opened:
        yield opened


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


def test_a_session_with_it_is_recorded_and_said_again(socket: Path, scratch: Path) -> None:
    asked = f"list --all; destroy test; start test; dumpxml test; screenshot test {scratch}/shot; domid nobody"

    def said(uri: str) -> tuple[str, bytes]:
        ran = Virsh(uri).run(asked)
        return ran.stdout + ran.stderr, (scratch / "shot").read_bytes()

    with Proxy(f"test+unix:///default?socket={socket}", scratch / "session.toml") as proxy:
        heard = said(proxy.uri)
    assert "failed to get domain 'nobody'" in heard[0]
    with Replay(scratch / "session.toml") as replay:
        assert said(replay.uri) == heard
    assert replay.differences == ""
