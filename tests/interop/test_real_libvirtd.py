"""Our client against a real libvirtd: the same declarations serve both ends of the protocol."""

from __future__ import annotations

import queue
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daemons import BIN, READY_WITHIN, Virsh, eventually, needs
from virtloom.client import Connection, connect
from virtloom.errors import ErrorCode, VirtError
from virtloom_testing import Scratch
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


ALIKE: tuple[tuple[str, ...], ...] = (
    ("capabilities",), ("domcapabilities",), ("nodeinfo",), ("freecell", "--all"), ("cpu-models", "x86_64"),
    ("sysinfo",), ("nodedev-list",), ("nodedev-dumpxml", "computer"), ("hostname",),
)  # fmt: skip


def steady(said: str) -> str:
    """Without the memory that is free, which is never twice the same."""
    return re.sub(r"\d+ KiB$", "KiB", said, flags=re.MULTILINE)


@pytest.mark.parametrize("opened", ["test:///default", "qemu:///system"])
def test_a_host_is_recorded_from_it_and_played(socket: Path, tmp_path: Path, opened: str) -> None:
    scheme, _, path = opened.partition("://")
    real = Virsh(f"{scheme}+unix://{path}?socket={socket}")
    if real.run("uri").returncode:
        pytest.skip("libvirtd has no QEMU driver (Debian: apt-get install libvirt-daemon-driver-qemu)")
    record = tmp_path / "host.toml"
    command = [str(BIN / "virtloom"), "record", real.uri, "-o", str(record)]
    subprocess.run(command, check=True, capture_output=True, timeout=READY_WITHIN)
    with Scratch(host=str(record)) as loom:
        played = Virsh(loom.uri)
        for words in ALIKE:
            told, again = real.run(*words), played.run(*words)
            if told.returncode == 0:  # what the real one does not support may be played all the same
                assert steady(again.stdout) == steady(told.stdout), words
