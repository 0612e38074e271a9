"""The replay: a socket that answers a recorded session again, with no daemon behind it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from virtloom.client.errors import ConnectionLost
from virtloom.client.framesocket import FrameSocket, close_all
from virtloom_testing.sessions.calls import Call
from virtloom_testing.sessions.differences import show
from virtloom_testing.sessions.file import read_session
from virtloom_testing.sessions.frames import check
from virtloom_testing.sessions.listening import Listening, uri_through
from virtloom_testing.sessions.player import Lost, Player
from virtloom_testing.sessions.script import Loose, Strict


class Replay(Listening):
    """Answers for the length of a `with` block.

    :param session: the file of a recorded session.
    :param loose: whether calls may come in any order and number; otherwise they come as they were recorded.
    :raises VirtError: SYSTEM_ERROR or INVALID_ARG if it is no session, or one that cannot be said again.
    :ivar uri: what to give to clients: what was opened first, through the replay.
    """

    def __init__(self, session: Path, *, loose: bool = False) -> None:
        calls = read_session(session)
        for number, call in enumerate(calls, 1):
            check(call, f"{session}: call {number}")
        self._script = Loose(calls) if loose else Strict(calls)
        super().__init__()
        self.uri = uri_through(_opened(calls), self.path)

    @property
    def differences(self) -> str:
        """How what was asked differs from what was recorded; "" if it does not. Complete after the block."""
        return show(self._script.steps())

    def _serve(self, number: int, client: FrameSocket) -> None:
        player = Player(number, self._script)
        with suppress(ConnectionLost, Lost):
            while True:
                frame, fds = client.recv_frame(None)
                close_all(fds)
                for said in player.take(frame):
                    client.send_frame(said)


def _opened(calls: Sequence[Call]) -> str:
    """The URI that the session opened first."""
    named = (call.args.get("name") for call in calls if call.name == "connect_open")
    return str(next((uri for uri in named if uri), "test:///default"))
