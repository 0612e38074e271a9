"""Counters of a process, as far as this host counts: software's, which need no processor's help."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress

import pytest

from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import LockManager
from virtloom_qemu.process.counters import EVENTS, PerfCounters


@pytest.fixture
def counters(locks: LockManager) -> Iterator[PerfCounters]:
    """The counters of the test's own process; skipped where nobody may count."""
    made = PerfCounters(os.getpid(), locks)
    try:
        made.enable("page_faults")
    except VirtError as error:
        pytest.skip(f"this host does not count: {error}")
    made.disable("page_faults")
    yield made
    made.close()


def opened() -> set[str]:
    return {os.readlink(f"/proc/self/fd/{one}") for one in os.listdir("/proc/self/fd") if _is_there(one)}


def _is_there(one: str) -> bool:
    with suppress(OSError):
        return bool(os.readlink(f"/proc/self/fd/{one}"))
    return False


def test_what_is_enabled_is_counted_until_it_is_disabled(counters: PerfCounters) -> None:
    counters.enable("page_faults")
    counters.enable("page_faults")
    assert counters.enabled == {"page_faults"}
    before = counters.read()["page_faults"]
    bytearray(64 << 20)
    assert counters.read()["page_faults"] > before
    counters.disable("page_faults")
    assert counters.read() == {}
    assert not any("perf_event" in path for path in opened())


def test_nothing_is_counted_of_a_run_that_has_ended(counters: PerfCounters) -> None:
    counters.enable("page_faults")
    counters.close()
    counters.enable("page_faults")
    assert counters.read() == {}
    assert not any("perf_event" in path for path in opened())


def test_what_is_not_counted_here_is_an_error_that_names_it(locks: LockManager) -> None:
    none = PerfCounters(os.getpid(), locks)
    with pytest.raises(VirtError, match="unable to enable host cpu perf event for cmt") as caught:
        none.enable("cmt")
    assert caught.value.code is ErrorCode.ARGUMENT_UNSUPPORTED
    refused = {name: _refusal(none, name) for name in EVENTS}
    none.close()
    for name, error in refused.items():
        assert error is None or f"unable to open host cpu perf event for {name}" in error.message


def _refusal(counters: PerfCounters, name: str) -> VirtError | None:
    try:
        counters.enable(name)
    except VirtError as error:
        return error
    return None
