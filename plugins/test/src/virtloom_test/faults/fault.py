"""One fault, as a test describes it: which calls or events it is about, which of them it hits, and what it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from typing import Any

from virtloom.errors import ErrorCode, VirtError

CALL_ACTIONS = {
    "error": "the call is answered with an error: `code`, `message`",
    "delay": "the call is made `seconds` later",
    "hang": "the call waits until the fault is released, or `seconds` at most",
    "close": "the connection closes instead of an answer",
    "torn": "the answer breaks off after `keep` bytes and the connection closes",
    "crash": "the domain of the call crashes after it, or `domain` if that is given",
    "agent-silent": "calls to the guest agent get no answer for `seconds` and fail",
    "enospc": "what needs room in a storage pool finds none",
    "restart": "the daemon ends and starts again `seconds` later",
}
EVENT_ACTIONS = {
    "drop-event": "the event is lost",
    "duplicate-event": "the event comes twice",
    "reorder-event": "the event comes after the next one",
    "delay-event": "the event comes `seconds` later",
}
ACTIONS = {**CALL_ACTIONS, **EVENT_ACTIONS}
SECONDS = {"delay": 1.0, "hang": 600.0, "agent-silent": 5.0, "restart": 0.0, "delay-event": 1.0}


@dataclass(frozen=True)
class Fault:
    """One fault.

    :ivar name: what it is called in lists and logs.
    :ivar do: one of `ACTIONS`.
    :ivar uri: a glob of the URIs whose hosts it is for.
    :ivar call: a glob of the procedures, `domain_create*`; the public function's name, `virDomainCreate`, does too.
    :ivar object: a glob of the name of the object that the call or the event is about.
    :ivar event: a glob of the events, `lifecycle` or `lifecycle/started`.
    :ivar nth: hit only the nth that fits, from 1; 0 for each.
    :ivar times: how often it hits at most; 0 for ever.
    :ivar probability: of being hit, for each that fits; drawn from the seed.
    :ivar seconds: see `ACTIONS`; None for the action's usual ones.
    :ivar code: message: of the error, the code by its name; None for OPERATION_FAILED with no message.
    :ivar keep: bytes of a torn answer.
    :ivar domain: the name of the guest that crashes.
    """

    name: str
    do: str
    uri: str = "*"
    call: str = "*"
    object: str = "*"
    event: str = "*"
    nth: int = 0
    times: int = 0
    probability: float = 1.0
    seconds: float | None = None
    code: str = "OPERATION_FAILED"
    message: str | None = None
    keep: int = 10
    domain: str | None = None

    @property
    def of_events(self) -> bool:
        """Whether it is about events, not calls."""
        return self.do in EVENT_ACTIONS

    @property
    def waits(self) -> float:
        """Its seconds, or its action's."""
        return SECONDS.get(self.do, 0.0) if self.seconds is None else self.seconds

    def fits_call(self, uri: str, procedure: str, api: str, name: str | None) -> bool:
        """Whether a call is one that it is about, by its procedure, its function and its object's name."""
        fits = fnmatchcase(procedure, self.call) or fnmatchcase(api, self.call)
        return fits and fnmatchcase(uri, self.uri) and _fits_name(name, self.object)

    def fits_event(self, uri: str, event: str, name: str | None) -> bool:
        """Whether an event is one that it is about: `lifecycle/started`, of an object."""
        fits = fnmatchcase(event, self.event) or fnmatchcase(event.partition("/")[0], self.event)
        return fits and fnmatchcase(uri, self.uri) and _fits_name(name, self.object)


def _fits_name(name: str | None, glob: str) -> bool:
    return glob == "*" or (name is not None and fnmatchcase(name, glob))


KEYS = {field.name: field.type for field in fields(Fault)}
NUMBERS = {"nth": int, "times": int, "keep": int, "probability": float, "seconds": float}


def parse_fault(table: Mapping[str, Any], number: int) -> Fault:
    """A fault from a table of a file, or from the arguments of an administration call.

    :param number: names a fault that has no name.
    :raises VirtError: INVALID_ARG that says what is wrong with which fault, with what may have been meant.
    """
    name = str(table.get("name") or f"fault-{number}")
    for key in table:
        if key not in KEYS:
            raise _wrong(name, f"it has no key '{key}'{_meant(key, KEYS)}")
    action = table.get("do")
    if action not in ACTIONS:
        raise _wrong(name, f"'do' must be one of {', '.join(ACTIONS)}, not {action!r}{_meant(str(action), ACTIONS)}")
    given = {key: _value(name, key, value) for key, value in table.items() if value is not None}
    fault = Fault(**{**given, "name": name})
    if fault.do == "error" and fault.code not in ErrorCode.__members__:
        raise _wrong(name, f"there is no error code '{fault.code}'{_meant(fault.code, ErrorCode.__members__)}")
    if not 0 <= fault.probability <= 1:
        raise _wrong(name, f"'probability' is between 0 and 1, not {fault.probability}")
    if min(fault.nth, fault.times, fault.keep, fault.waits) < 0:
        raise _wrong(name, "'nth', 'times', 'keep' and 'seconds' are not negative")
    return fault


def _value(name: str, key: str, value: Any) -> Any:
    wanted = NUMBERS.get(key, str)
    if isinstance(value, bool) or not isinstance(value, (int, float) if wanted is float else wanted):
        kind = {int: "a whole number", float: "a number", str: "a text"}[wanted]
        raise _wrong(name, f"'{key}' must be {kind}, not {value!r}")
    if key == "code":
        return str(value).removeprefix("VIR_ERR_")
    return float(str(value)) if wanted is float else value


def _meant(word: str, known: Any) -> str:
    import difflib  # for mistakes alone

    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean '{close[0]}'?" if close else ""


def _wrong(name: str, what: str) -> VirtError:
    return VirtError(ErrorCode.INVALID_ARG, f"fault '{name}': {what}")
