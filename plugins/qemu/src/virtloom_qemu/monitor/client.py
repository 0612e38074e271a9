"""QMP: commands that wait for their answer, and events (QEMU's docs/interop/qmp-spec).

Guarantees: `execute` returns or raises by its deadline. Answers find their question by its id, so one that comes late
disturbs nobody. When the connection ends, whoever waits learns it at once, and so does everyone who asks later. Events
are handed on in the order in which they came.
Assumes: it is used inside a job of the guest, with no lock held.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import count
from typing import Any, NamedTuple

from virtloom.locks import Level, LockManager, might_sleep
from virtloom_qemu.monitor.channel import Channel
from virtloom_qemu.monitor.decoder import Decoder, Nonsense
from virtloom_qemu.monitor.errors import CommandFailed, MonitorClosed, MonitorTimeout

DEADLINE = 60.0  # seconds for an answer; longer than a job is waited for, so that who waits learns who holds it up
RUNNING_AFTER = {"STOP": False, "RESUME": True}  # the events that tell of the processors
GREETING_DEADLINE = 30.0  # seconds; QEMU greets when its machine is made


class MonitorEvent(NamedTuple):
    """Something that QEMU tells.

    :ivar seconds: microseconds: when, since 1970.
    """

    name: str
    data: Mapping[str, Any]
    seconds: int
    microseconds: int


Around = Callable[[str, Mapping[str, Any]], AbstractContextManager[None]]


class _Question:
    """A command that was sent: its answer, once there is one."""

    __slots__ = ("answer", "answered")

    def __init__(self) -> None:
        self.answered = threading.Event()
        self.answer: dict[str, Any] | None = None


class Monitor:
    """One guest's monitor.

    :param sock: connected to it.
    :param name: the guest's name.
    :param on_event: takes each event, on the monitor's thread; it only queues it.
    :param on_end: told once that nothing more comes, and whether that is because the peer broke the protocol.
    :param waiting: what a wait for an answer is put inside (`DriverHost.waiting`).
    :param around: what a command is put inside, by its name and arguments; it sees a command that fails by the error.

    :ivar ended: why it is no more; None while it is.
    :ivar version: QEMU's version from its greeting, as (major, minor, micro).
    :ivar running: whether the processors run, by the last event that said so; None before the first. It is set before
        the answer of the command that caused it is handed on, so it is never older than that answer.
    """

    def __init__(
        self,
        sock: socket.socket,
        name: str,
        locks: LockManager,
        *,
        on_event: Callable[[MonitorEvent], None] = lambda event: None,
        on_end: Callable[[str, bool], None] = lambda reason, broken: None,
        waiting: Callable[[str], AbstractContextManager[Any]] = nullcontext,
        around: Around = lambda command, arguments: nullcontext(),
        deadline: float = DEADLINE,
    ) -> None:
        self.name = name
        self.ended: str | None = None
        self.version = (0, 0, 0)
        self.running: bool | None = None
        self._on_event = on_event
        self._on_end = on_end
        self._waiting = waiting
        self._around = around
        self._deadline = deadline
        self._lock = locks.lock("monitor", Level.LEAF)
        self._numbers = count(1)
        self._asked: dict[str, _Question] = {}
        self._greeting = _Question()
        self._broken = False
        self._decoder = Decoder()
        self._channel = Channel(sock, f"qmp-{name}", locks, self._received, self._end)
        self._channel.start()

    def negotiate(self, deadline: float = GREETING_DEADLINE) -> None:
        """Wait for the greeting and leave capability negotiation.

        :raises VirtError: if QEMU ends, hangs or speaks another protocol.
        """
        greeting = self._await(self._greeting, "the greeting", deadline)
        self.version = _version(greeting)
        self.execute("qmp_capabilities", timeout=deadline)

    def execute(
        self,
        command: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
        fds: Sequence[int] = (),
    ) -> Any:
        """Run a command; what it returned.

        :param timeout: seconds to wait for the answer; the monitor's usual ones unless given.
        :param fds: descriptors to pass with it.
        :raises CommandFailed: QEMU refused it.
        :raises MonitorTimeout: no answer in time.
        :raises MonitorClosed: the guest's process ended, before or while it was asked.
        """
        message: dict[str, Any] = {"execute": command}
        if arguments:
            message["arguments"] = dict(arguments)
        with self._around(command, arguments or {}):
            return _result(command, self.roundtrip(message, timeout=timeout, fds=fds))

    def roundtrip(
        self, message: Mapping[str, Any], *, timeout: float | None = None, fds: Sequence[int] = ()
    ) -> dict[str, Any]:
        """Send a message as it is, and return the whole answer with the error in it, if it is one.

        :raises VirtError: MonitorTimeout or MonitorClosed.
        """
        question, number = _Question(), f"libvirt-{next(self._numbers)}"
        with self._lock:
            if self.ended is None:
                self._asked[number] = question
        try:
            if self.ended is not None:
                raise MonitorClosed(self.ended)
            line = json.dumps({**message, "id": number}, separators=(",", ":")).encode() + b"\n"
            try:
                self._channel.send(line, fds)
            except OSError as error:
                raise MonitorClosed(self.ended or f"Unable to write to monitor: {error.strerror}") from error
            return self._await(question, str(message.get("execute")), timeout or self._deadline)
        finally:
            with self._lock:
                self._asked.pop(number, None)

    def close(self, reason: str = "the monitor was closed") -> None:
        """End the connection; QEMU goes on."""
        self._channel.close(reason)
        self._channel.join(5.0)

    def _await(self, question: _Question, what: str, seconds: float) -> dict[str, Any]:
        might_sleep(f"the monitor's command {what}", seconds)
        if not question.answered.is_set():
            with self._waiting(f"the answer of {self.name}'s monitor to {what}"):
                question.answered.wait(seconds)
        if question.answer is not None:
            return question.answer
        if self.ended is not None:
            raise MonitorClosed(self.ended)
        raise MonitorTimeout(self.name, what, seconds)

    # On the channel's thread.

    def _received(self, data: bytes) -> None:
        if self._broken:
            return
        try:
            for message in self._decoder.feed(data):
                self._take(message)
        except Nonsense as error:
            self._broken = True
            self._channel.close(str(error))

    def _take(self, message: dict[str, Any]) -> None:
        if "event" in message:
            event = _event(message)
            self.running = RUNNING_AFTER.get(event.name, self.running)
            self._on_event(event)
        elif "QMP" in message:
            self._answer(self._greeting, message)
        elif "return" in message or "error" in message:
            with self._lock:
                question = self._asked.get(str(message.get("id")))
            if question is not None:  # else it comes after its deadline
                self._answer(question, message)
        else:
            raise Nonsense(f"Unknown JSON reply '{json.dumps(message)[:200]}'")

    @staticmethod
    def _answer(question: _Question, message: dict[str, Any]) -> None:
        question.answer = message
        question.answered.set()

    def _end(self, reason: str) -> None:
        with self._lock:
            self.ended = reason
            waiting = [*self._asked.values(), self._greeting]
        for question in waiting:
            question.answered.set()
        self._on_end(reason, self._broken)


def _result(command: str, answer: Mapping[str, Any]) -> Any:
    error = answer.get("error")
    if error is None:
        return answer.get("return")
    error = error if isinstance(error, dict) else {}
    raise CommandFailed(command, str(error.get("class", "GenericError")), str(error.get("desc", "no reason given")))


def _version(greeting: Mapping[str, Any]) -> tuple[int, int, int]:
    try:
        version = greeting["QMP"]["version"]["qemu"]
        return int(version["major"]), int(version["minor"]), int(version["micro"])
    except (KeyError, TypeError, ValueError):
        raise MonitorClosed(f"Unknown JSON reply '{json.dumps(greeting)[:200]}'") from None


def _event(message: Mapping[str, Any]) -> MonitorEvent:
    data, when = message.get("data"), message.get("timestamp")
    when = when if isinstance(when, dict) else {}
    try:
        seconds, microseconds = int(when.get("seconds", 0)), int(when.get("microseconds", 0))
    except (TypeError, ValueError):
        raise Nonsense("an event's timestamp is no number") from None
    return MonitorEvent(str(message["event"]), data if isinstance(data, dict) else {}, seconds, microseconds)
