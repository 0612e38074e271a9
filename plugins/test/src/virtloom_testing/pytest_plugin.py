"""Fixtures for pytest: a host of its own for each test, on one daemon for each worker of pytest-xdist.

def test_my_tool(virtloom_uri, virtloom_control):
    virtloom_control.fault("error", call="domain_create*", code="NO_MEMORY")
    assert my_tool.start(virtloom_uri, "test") == "out of memory"
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from virtloom_testing.control import Control
    from virtloom_testing.scratch import Scratch

_numbers = count(1)
RECORD = "--virtloom-record"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that records sessions anew."""
    help_ = "record the sessions of virtloom_session anew, with the daemon of this URI (which has ?socket=PATH)"
    parser.getgroup("virtloom").addoption(RECORD, metavar="URI", help=help_)


@pytest.fixture(scope="session")
def virtloom_daemon() -> Iterator[Scratch]:
    """The daemon that all tests of this worker share."""
    from virtloom_testing.scratch import Scratch  # only now: every run of pytest loads this file

    with Scratch() as running:
        yield running


@pytest.fixture
def virtloom_path() -> str:
    """The path of the test's own host: `/host/N`."""
    return f"/host/{next(_numbers)}"


@pytest.fixture
def virtloom_uri(virtloom_daemon: Scratch, virtloom_path: str) -> str:
    """A URI for libvirt's clients: a host that no other test sees, as `test:///default` is at first."""
    return virtloom_daemon.uri_of(virtloom_path)


@pytest.fixture
def virtloom_control(virtloom_daemon: Scratch, virtloom_path: str) -> Iterator[Control]:
    """Steers the test's own host: its faults are for no other, and end with the test."""
    from virtloom_testing.control import Control

    control = Control(virtloom_daemon.root / "run" / "virtloom-admin-sock", f"test://{virtloom_path}")
    yield control
    control.clear()
    control.forget(f"test://{virtloom_path}")


@pytest.fixture
def virtloom_session(request: pytest.FixtureRequest) -> Callable[..., AbstractContextManager[str]]:
    """Replays a recorded session, and fails the test if it asks for something else; `--virtloom-record` records it.

    with virtloom_session("session.toml") as uri:
        my_tool(uri)
    """
    recorded = request.config.getoption(RECORD)

    @contextmanager
    def session(file: str, *, loose: bool = False) -> Iterator[str]:
        from virtloom_testing.sessions import Proxy, Replay

        path = request.path.parent / file
        if recorded:
            with Proxy(recorded, path) as proxy:
                yield proxy.uri
            return
        with Replay(path, loose=loose) as replay:
            yield replay.uri
        if replay.differences:
            pytest.fail(f"the session is not the one in {path}:\n{replay.differences}", pytrace=False)

    return session
