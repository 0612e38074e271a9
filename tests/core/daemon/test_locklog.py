"""The log of locks: broken rules and slow locks, written by a thread of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from virtloom.daemon.locklog import LockLog
from virtloom.locks import Level, LockManager, LockViolation, Mode


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Callable[[LockLog], list[logging.LogRecord]]:
    """Ends a log and gives what it wrote."""

    def end(log: LockLog) -> list[logging.LogRecord]:
        log.stop(30)
        return [record for record in caplog.records if record.name == "virtloom.daemon.locklog"]

    return end


def test_a_broken_rule_is_logged_with_both_places_and_by_the_logs_own_thread(
    logged: Callable[..., list[object]],
) -> None:
    log = LockLog(Mode.RECORD, 0)
    log.start()
    locks = LockManager("test", log.checker)
    leaf, server = locks.lock("leaf", Level.LEAF), locks.lock("server", Level.SERVER)
    for _ in range(2):
        with locks.calling("virDomainSave", "7"), leaf, server:
            pass
    (record,) = logged(log)  # the same breach is told once
    text = record.getMessage()
    assert "a rule of locking was broken: LEVEL: test server is taken while test leaf is held" in text
    assert "in virDomainSave for client 7" in text
    assert text.count(__file__) >= 3  # where it was taken, what was held, and the stack
    assert record.threadName == "lock-log"


def test_in_enforce_mode_it_is_logged_and_raised(logged: Callable[..., list[object]]) -> None:
    log = LockLog(Mode.ENFORCE, 0)
    log.start()
    locks = LockManager("test", log.checker)
    with pytest.raises(LockViolation), locks.lock("leaf", Level.LEAF), locks.lock("server", Level.SERVER):
        pass
    assert len(logged(log)) == 1


@pytest.mark.parametrize(("slow", "told"), [(1e-9, 1), (0, 0), (1000.0, 0)])
def test_a_lock_that_is_held_for_longer_than_configured_is_logged(
    logged: Callable[..., list[object]], slow: float, told: int
) -> None:
    log = LockLog(Mode.RECORD, slow)
    log.start()
    with LockManager("test", log.checker).lock("leaf", Level.LEAF):
        pass
    records = logged(log)
    assert len(records) == told
    for record in records:
        text = record.getMessage()
        assert text.startswith("slow lock: test leaf was held for ")
        assert __file__ in text  # the holder's stack


def test_what_is_noticed_before_it_starts_is_written_after(logged: Callable[..., list[object]]) -> None:
    log = LockLog(Mode.RECORD, 1e-9)
    with LockManager("test", log.checker).lock("leaf", Level.LEAF):
        pass
    log.start()
    assert len(logged(log)) == 1


def test_a_log_that_was_never_started_is_stopped_at_once() -> None:
    LockLog(Mode.OFF, 0.5).stop(30)
