"""The pure-Python client: calls, events, streams and keepalive against a real daemon."""

from __future__ import annotations

import queue
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from daemons import Daemon
from virtloom.client import Connection, ConnectionLost, connect
from virtloom.client.inbox import Inbox
from virtloom.errors import ErrorCode, ErrorDomain, VirtError


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


def lifecycle(connection: Connection) -> int:
    """Ask for lifecycle events, of all domains."""
    number: int = connection.connect_domain_event_callback_register_any(0, None).callbackID
    return number


def suspend_and_resume(connection: Connection) -> None:
    domain = connection.domain_lookup_by_name("test").dom
    connection.domain_suspend(domain)
    connection.domain_resume(domain)


def test_events_are_taken_from_a_queue_in_order(connection: Connection) -> None:
    with connection.events() as events:
        number = lifecycle(connection)
        suspend_and_resume(connection)
        received = [events.next(30) for _ in range(2)]
    assert [(name, message.callbackID, message.msg.event) for name, message in received] == [
        ("domain_event_callback_lifecycle", number, 3),
        ("domain_event_callback_lifecycle", number, 4),
    ]


def test_a_listener_may_call_the_connection_that_it_listens_to(connection: Connection) -> None:
    seen: queue.SimpleQueue[str] = queue.SimpleQueue()
    connection.on_event(lambda name, message: seen.put(connection.domain_lookup_by_name(message.msg.dom.name).dom.name))
    lifecycle(connection)
    suspend_and_resume(connection)
    assert [seen.get(timeout=30) for _ in range(2)] == ["test", "test"]


def test_a_listener_that_fails_is_logged_and_gets_the_next_event(
    connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    seen: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def listen(name: str, message: Any) -> None:
        seen.put(message.msg.event)
        raise ValueError("no good")

    connection.on_event(listen)
    lifecycle(connection)
    suspend_and_resume(connection)
    assert [seen.get(timeout=30) for _ in range(2)] == [3, 4]
    assert "a listener failed on domain_event_callback_lifecycle" in caplog.text


def test_a_queue_of_events_ends_with_the_connection_and_with_its_own_closing(daemon: Daemon) -> None:
    connection = connect(daemon.uri())
    events, closed = connection.events(), connection.events()
    closed.close()
    assert list(closed) == []
    connection.close()
    assert list(events) == []
    assert list(connection.events()) == []


def test_a_subscriber_that_takes_nothing_loses_the_latest_and_is_told_how_many() -> None:
    inbox: Inbox[int] = Inbox("number", room=2)
    for number in range(5):
        inbox.put(number)
    assert (list(inbox.rest()), inbox.lost) == ([0, 1], 3)


def test_what_cannot_be_called_so_is_told(connection: Connection) -> None:
    with pytest.raises(VirtError, match="domain_screenshot has a stream"):
        connection.domain_screenshot()
    with pytest.raises(VirtError, match="domain_suspend has no stream"):
        connection.stream("domain_suspend")
    with pytest.raises(VirtError, match="'domain_event_lifecycle' is an event"):
        connection.domain_event_lifecycle()


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
    stream.abort()  # giving up twice is no mistake
    with pytest.raises(VirtError, match="the stream is over"):
        stream.finish()
    assert stream.read() == b""
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
