"""One conversation with a guest's agent (QEMU's docs/interop/qemu-ga): find each other, ask, let go of the line.

Guarantees: every question ends by its deadline; whatever a mad guest sends, no more than `ANSWER_MAX` bytes are kept.
What the agent said to somebody before is not taken for an answer: a conversation begins with a sync that the agent
answers behind a byte that JSON cannot have.
Assumes: it is used inside an agent job of the guest, with no lock held. Nothing is read between two conversations, so
no thread is needed that reads.
"""

from __future__ import annotations

import json
import random
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Self

from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import might_sleep
from virtloom_qemu.agent.errors import GONE, AgentRefused, Unresponsive, nonsense
from virtloom_qemu.agent.line import AgentLine

SENTINEL = b"\xff"
ANSWER_MAX = 10 << 20  # bytes; libvirt's QEMU_AGENT_MAX_RESPONSE
WAIT = 5.0  # seconds for an answer, unless said otherwise; libvirt's QEMU_AGENT_WAIT_TIME
FOREVER = 24 * 3600.0  # seconds, for those who want to wait as long as it takes
LOOK = 0.2  # seconds between two looks at what else may end a wait
LATE = "Guest agent not available for now"


class Agent:
    """A conversation; `with` ends it.

    :param line: the run's connection; :param path: the socket of the guest's channel on the host.
    :param timeout: seconds for an answer to a question that has no deadline of its own.
    :param waiting: what a wait for an answer is put inside (`DriverHost.waiting`).
    """

    def __init__(
        self,
        line: AgentLine,
        path: Path,
        timeout: float = WAIT,
        waiting: Callable[[], AbstractContextManager[Any]] = nullcontext,
    ) -> None:
        self._line = line
        self._path = path
        self._timeout = timeout
        self._waiting = waiting
        self._sock: socket.socket | None = None
        self._in_step = False  # whether what comes next is the answer to what is asked next
        self._rest = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *about: object) -> None:
        if self._sock is not None:
            self._sock = None
            self._line.give_back()

    def execute(
        self,
        command: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
        until: Callable[[], bool] | None = None,
    ) -> Any:
        """Run a command; what it returned.

        :param timeout: seconds to wait for the answer.
        :param until: something else that ends the wait well, for commands after which the agent is not there to answer.
        :raises AgentRefused: the agent answered with an error.
        :raises Unresponsive: no answer in time, or the agent is gone.
        """
        message: dict[str, Any] = {"execute": command}
        if arguments:
            message["arguments"] = dict(arguments)
        answer = self.roundtrip(message, timeout=timeout, until=until)
        return None if answer is None else answer["return"]

    def roundtrip(
        self, message: Mapping[str, Any], *, timeout: float | None = None, until: Callable[[], bool] | None = None
    ) -> dict[str, Any] | None:
        """Send a message as it is, and return the whole answer; None if `until` ended the wait.

        :raises VirtError: as `execute`.
        """
        seconds = self._timeout if timeout is None else timeout
        might_sleep(f"the agent's command {message.get('execute')}", seconds)
        with self._waiting():
            if self._sock is None:
                self._sock = self._line.take(self._path)
            if not self._in_step:
                self._sync(min(self._timeout, WAIT))
            self._in_step = False
            self._send(json.dumps(message, separators=(",", ":")).encode() + b"\n", seconds)
            line = self._words(b"\n", time.monotonic() + seconds, until)
            self._in_step = line is not None
        return None if line is None else _checked(str(message.get("execute") or "<unknown>"), _object(line))

    def _sync(self, seconds: float) -> None:
        """Throw away what is left of earlier conversations, on both ends (`guest-sync-delimited`)."""
        number = random.getrandbits(31)
        question = json.dumps({"execute": "guest-sync-delimited", "arguments": {"id": number}}).encode()
        self._send(SENTINEL + question + b"\n", seconds)
        deadline = time.monotonic() + seconds
        while True:
            self._skip(SENTINEL, deadline)
            line = self._words(b"\n", deadline)
            assert line is not None
            if _object(line).get("return") == number:
                return

    def _send(self, data: bytes, seconds: float) -> None:
        assert self._sock is not None
        self._sock.settimeout(max(seconds, LOOK))
        try:
            self._sock.sendall(data)
        except TimeoutError as error:
            raise Unresponsive(LATE) from error
        except OSError as error:
            raise Unresponsive(GONE) from error

    def _words(self, end: bytes, deadline: float, until: Callable[[], bool] | None = None) -> bytes | None:
        """What comes until a byte; None if `until` ended the wait."""
        while end not in self._rest:
            data = self._next(deadline, until)
            if data is None:
                return None
            self._rest += data
            if len(self._rest) > ANSWER_MAX:
                raise nonsense(f"QEMU agent reply exceeds buffer size: {ANSWER_MAX} bytes")
        line, _, rest = self._rest.partition(end)
        self._rest = bytearray(rest)
        return bytes(line)

    def _skip(self, end: bytes, deadline: float) -> None:
        """Throw away what comes until a byte, however much it is."""
        while end not in self._rest:
            self._rest[:] = self._next(deadline) or b""
        self._rest = self._rest.partition(end)[2]

    def _next(self, deadline: float, until: Callable[[], bool] | None = None) -> bytes | None:
        """The next bytes; None if `until` ended the wait."""
        while until is None or not until():
            left = deadline - time.monotonic()
            if left <= 0:
                raise Unresponsive(LATE)
            data = self._read(left if until is None else min(left, LOOK))
            if data:
                return data
            if data is not None and (until is None or not until()):
                raise Unresponsive(GONE)
        return None

    def _read(self, seconds: float) -> bytes | None:
        """The next bytes; b"" at the end, None if there are none in time."""
        assert self._sock is not None
        self._sock.settimeout(seconds)
        try:
            return self._sock.recv(65536)
        except TimeoutError:
            return None
        except OSError:
            return b""


def seconds_of(timeout: int) -> float:
    """A client's timeout in seconds (`virDomainQemuAgentCommandTimeoutValues`).

    :param timeout: -2 for as long as it takes, -1 for the usual time, 0 for no time, or seconds.
    :raises VirtError: INVALID_ARG for less than that.
    """
    if timeout < -2:
        detail = f"guest agent timeout '{timeout}' is less than the minimum '-2'"
        raise VirtError(ErrorCode.INVALID_ARG, detail)
    return {-2: FOREVER, -1: WAIT}.get(timeout, float(timeout))


def _checked(command: str, answer: dict[str, Any]) -> dict[str, Any]:
    """An answer that is no error (`qemuAgentCheckError`)."""
    if "error" in answer:
        error = answer["error"]
        raise AgentRefused(command, error if isinstance(error, dict) else {})
    if "return" not in answer:
        raise nonsense(f"unable to execute QEMU agent command '{command}'")
    return answer


def _object(line: bytes) -> dict[str, Any]:
    try:
        made = json.loads(line)
    except (ValueError, RecursionError):
        shown = line.decode(errors="replace")[:200]
        raise nonsense(f"cannot parse json {shown}") from None
    if not isinstance(made, dict):
        raise nonsense("Parsed JSON reply isn't an object")
    return made
