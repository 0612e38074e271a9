"""The pure-Python client: calls, events, streams and keepalive against a real daemon."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from daemons import Daemon
from virtloom.client import Connection, ConnectionLost, connect
from virtloom.errors import ErrorCode, ErrorDomain, VirtError


@pytest.fixture
def connection(daemon: Daemon) -> Iterator[Connection]:
    with connect(daemon.uri()) as opened:
        yield opened


def test_procedures_are_called_by_name_with_typed_results(connection: Connection) -> None:
    domain = connection.domain_lookup_by_name("test").dom
    assert domain.name == "test"
    assert connection.domain_get_info(dom=domain).maxMem == 8388608
    assert connection.connect_get_uri().uri == "test:///default"


def test_the_daemons_error_is_raised_as_it_was_said(connection: Connection) -> None:
    with pytest.raises(VirtError) as caught:
        connection.domain_lookup_by_name("nobody")
    assert (caught.value.code, caught.value.domain) == (ErrorCode.NO_DOMAIN, ErrorDomain.TEST)
    assert caught.value.message == "Domain not found"


def test_wrong_arguments_are_told_before_anything_is_sent(connection: Connection) -> None:
    with pytest.raises(VirtError, match=r"domain_lookup_by_name takes \(name\)"):
        connection.domain_lookup_by_name()
    with pytest.raises(VirtError, match="there is no procedure 'domain_fly'"):
        connection.domain_fly()


def test_calls_of_several_threads_find_their_own_replies(connection: Connection) -> None:
    with ThreadPoolExecutor(8) as pool:
        names = [f"nobody{number}" for number in range(100)]

        def look(name: str) -> str:
            try:
                return str(connection.domain_lookup_by_name(name if name[-1] != "7" else "test").dom.name)
            except VirtError:
                return name

        assert list(pool.map(look, names)) == ["test" if name[-1] == "7" else name for name in names]


def test_events_arrive_in_order(connection: Connection) -> None:
    seen: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
    connection.on_event(lambda name, message: seen.put((name, message)))
    number = connection.connect_domain_event_callback_register_any(0, None).callbackID
    domain = connection.domain_lookup_by_name("test").dom
    connection.domain_suspend(domain)
    connection.domain_resume(domain)
    received = [seen.get(timeout=30) for _ in range(2)]
    assert [(name, message.callbackID, message.msg.event) for name, message in received] == [
        ("domain_event_callback_lifecycle", number, 3),
        ("domain_event_callback_lifecycle", number, 4),
    ]


def test_a_stream_is_read_to_its_end_and_confirmed(connection: Connection) -> None:
    domain = connection.domain_lookup_by_name("test").dom
    result, stream = connection.stream("domain_screenshot", domain, 0, 0)
    data = b"".join(piece for piece in stream if isinstance(piece, bytes))
    stream.finish()
    assert result.mime == "image/png"
    assert data.startswith(b"\x89PNG")


def test_a_stream_that_is_given_up_leaves_the_connection_sound(connection: Connection) -> None:
    domain = connection.domain_lookup_by_name("test").dom
    _, stream = connection.stream("domain_screenshot", domain, 0, 0)
    stream.abort()
    assert connection.domain_lookup_by_name("test").dom == domain


def test_a_daemon_that_is_not_there_is_told_by_its_path(scratch: Path) -> None:
    with pytest.raises(ConnectionLost, match="no daemon answers at"):
        connect("test:///default", path=scratch / "none")


def test_a_daemon_that_stops_ends_the_connection(scratch: Path) -> None:
    daemon = Daemon(scratch)
    connection = connect(daemon.uri())
    daemon.stop()
    with pytest.raises(ConnectionLost):
        connection.domain_lookup_by_name("test")
    connection.close()
