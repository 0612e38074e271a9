"""Fixtures for pytest: a host of its own for each test, on one daemon for each worker of pytest-xdist.

def test_my_tool(virtloom_uri, virtloom_control):
    virtloom_control.fault("error", call="domain_create*", code="NO_MEMORY")
    assert my_tool.start(virtloom_uri, "test") == "out of memory"
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from virtloom_testing.control import Control
    from virtloom_testing.scratch import Scratch

_numbers = count(1)


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
