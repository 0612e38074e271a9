"""An agent of few words, played by a test at a socket: it answers as it is told, late, with nonsense, or never."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

Answer = Callable[[Mapping[str, Any]], Any]


class ScriptedAgent:
    """Serves one connection after the other.

    :param answers: what each command returns, or does with its arguments; an exception's arguments are an error's
        class and description.
    :ivar heard: the commands that came, syncs aside; :ivar conversed: how many connections there were.
    :ivar awake: while it is not set, nothing is answered; what was asked meanwhile is answered late.
    """

    def __init__(self, path: Path, answers: Mapping[str, Any]) -> None:
        self.answers = dict(answers)
        self.heard: list[str] = []
        self.conversed = 0
        self.awake = threading.Event()
        self.awake.set()
        self.leftovers = b""
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(8)
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self.awake.set()
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.conversed += 1
            # whoever asks may be gone before the answer
            with suppress(OSError), client, client.makefile("rb") as lines:
                client.sendall(self.leftovers)
                for line in lines:
                    if not self._answer(client, line):
                        break

    def _answer(self, client: socket.socket, line: bytes) -> bool:
        message = json.loads(line.lstrip(b"\xff"))
        name, arguments = message["execute"], message.get("arguments", {})
        self.awake.wait()
        if name == "guest-sync-delimited":
            client.sendall(b"\xff" + json.dumps({"return": arguments["id"]}).encode() + b"\n")
            return True
        self.heard.append(name)
        answer = self.answers.get(name, LookupError("CommandNotFound", f"The command {name} has not been found"))
        if answer is HANGS_UP:
            return False
        client.sendall(_message(answer, arguments) + b"\n")
        return True


HANGS_UP = object()


def _message(answer: Any, arguments: Mapping[str, Any]) -> bytes:
    if isinstance(answer, bytes):
        return answer
    if isinstance(answer, Exception):
        return json.dumps({"error": {"class": answer.args[0], "desc": answer.args[1]}}).encode()
    return json.dumps({"return": answer(arguments) if callable(answer) else answer}).encode()
