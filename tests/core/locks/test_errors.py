"""The sentences of the errors, and the facts they carry."""

from __future__ import annotations

from virtloom.locks import JobAborted, JobTimeout, LockError, LockTimeout, LockViolation, ObjectGone, Rule
from virtloom.locks.errors import key_text

UUID = bytes(range(16))


def test_a_removed_object_is_named_by_type_and_key() -> None:
    error = ObjectGone("domain", UUID)
    assert str(error) == "domain 00010203-0405-0607-0809-0a0b0c0d0e0f was removed"
    assert (error.type_name, error.key) == ("domain", UUID)


def test_a_job_timeout_begins_as_libvirts_does_and_names_the_holder() -> None:
    error = JobTimeout("domain web", "modify", "monitor", "virDomainSave", "worker-3", 31.24)
    assert str(error) == (
        "cannot acquire state change lock (held by monitor=virDomainSave in thread worker-3 for 31.2 s)"
    )
    assert (error.object_name, error.kind, error.slot) == ("domain web", "modify", "monitor")
    assert (error.holder_api, error.holder_thread, error.holder_age) == ("virDomainSave", "worker-3", 31.24)


def test_an_aborted_job_gives_the_reason() -> None:
    error = JobAborted("domain web", "save", "guest's process ended")
    assert str(error) == "save job on domain web was aborted: guest's process ended"
    assert (error.object_name, error.kind, error.reason) == ("domain web", "save", "guest's process ended")


def test_a_lock_timeout_names_lock_and_holder() -> None:
    error = LockTimeout("domain web", 0.5, "thread worker-1 in virDomainSave")
    assert str(error) == "domain web was not obtained in 0.5 s: it is held by thread worker-1 in virDomainSave"
    assert (error.lock_name, error.timeout, error.holder) == ("domain web", 0.5, "thread worker-1 in virDomainSave")


def test_a_violation_carries_its_rule() -> None:
    error = LockViolation(Rule.REENTRY, "thread worker-1 takes domain web again, which it holds")
    assert str(error) == "thread worker-1 takes domain web again, which it holds"
    assert error.rule is Rule.REENTRY


def test_all_are_lock_errors() -> None:
    assert all(issubclass(kind, LockError) for kind in (ObjectGone, JobTimeout, JobAborted, LockTimeout, LockViolation))


def test_only_sixteen_bytes_are_shown_as_a_uuid() -> None:
    assert key_text("default") == "default"
    assert key_text(b"\x01") == "b'\\x01'"
