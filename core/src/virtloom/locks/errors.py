"""What the package raises: one class for each thing that a caller can react to, each with its facts as
attributes.

`LockViolation` is a bug in the program; the others happen in a correct one.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from virtloom.locks.checking.rules import Rule


class LockError(Exception):
    """Base of what this package raises."""


class LockViolation(LockError):
    """A rule of locking was broken, at the line that this is raised from.

    :ivar rule: the rule.
    :ivar detail: what was done, in a sentence.
    """

    def __init__(self, rule: Rule, detail: str) -> None:
        super().__init__(detail)
        self.rule = rule
        self.detail = detail


class ObjectGone(LockError):
    """The object was removed before its lock or its job was obtained.

    :ivar type_name: the name of its object type.
    :ivar key: its key.
    """

    def __init__(self, type_name: str, key: Hashable) -> None:
        super().__init__(f"{type_name} {key_text(key)} was removed")
        self.type_name = type_name
        self.key = key


class LockTimeout(LockError):
    """A lock was not obtained in the time that the caller allowed.

    :ivar lock_name: the lock.
    :ivar timeout: seconds waited.
    :ivar holder: who held it then: the thread and what it was calling.
    """

    def __init__(self, lock_name: str, timeout: float, holder: str) -> None:
        super().__init__(f"{lock_name} was not obtained in {timeout:g} s: it is held by {holder}")
        self.lock_name = lock_name
        self.timeout = timeout
        self.holder = holder


class Deadlock(LockError):
    """A wait was ended because threads waited for each other in a circle; the others go on.

    :ivar wanted: what this thread waited for.
    :ivar cycle: the circle, in a sentence.
    """

    def __init__(self, wanted: str, cycle: str) -> None:
        super().__init__(f"deadlock: waiting for {wanted} was given up to let the others go on: {cycle}")
        self.wanted = wanted
        self.cycle = cycle


class JobTimeout(LockError):
    """A job could not start in time. The sentence begins as libvirt's does, which tools match on.

    :ivar object_name: the object's type and key.
    :ivar kind: the name of the job's kind.
    :ivar slot: "monitor" or "agent": what the holder has.
    :ivar holder_api: what the holder was called for.
    :ivar holder_thread: the name of its thread.
    :ivar holder_age: seconds since it began.
    """

    def __init__(
        self, object_name: str, kind: str, slot: str, holder_api: str, holder_thread: str, holder_age: float
    ) -> None:
        holder = f"held by {slot}={holder_api} in thread {holder_thread} for {holder_age:.1f} s"
        super().__init__(f"cannot acquire state change lock ({holder})")
        self.object_name = object_name
        self.kind = kind
        self.slot = slot
        self.holder_api = holder_api
        self.holder_thread = holder_thread
        self.holder_age = holder_age


class JobAborted(LockError):
    """A job ended before its time, or can no longer start: somebody aborted it, or the guest's process ended.

    :ivar object_name: the object's type and key.
    :ivar kind: the name of the job's kind.
    :ivar reason: why, as the one who ended it put it.
    """

    def __init__(self, object_name: str, kind: str, reason: str) -> None:
        super().__init__(f"{kind} job on {object_name} was aborted: {reason}")
        self.object_name = object_name
        self.kind = kind
        self.reason = reason


def key_text(key: Hashable) -> str:
    """An object's key for people: sixteen bytes as a UUID, anything else as it prints."""
    if isinstance(key, bytes) and len(key) == 16:
        digits = key.hex()
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
    return str(key)
