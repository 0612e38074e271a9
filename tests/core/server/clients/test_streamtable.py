"""A download's end and the client's word for it may cross; the client is answered once all the same."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from virtloom.driver.streams import BytesSource, Stream
from virtloom.locks import Checker, Level, LockManager, Mode
from virtloom.server.clients.streamtable import StreamTable
from virtloom.server.limits import ServerLimits
from virtloom.server.streams import StreamBudget
from virtloom.wire.frames import Frame, pack_stream, unpack
from virtloom.wire.message import Header, MessageType, Status

CALL = Header(0x20008086, 1, 211, MessageType.CALL, 5, Status.OK)
CONFIRMED = pack_stream(CALL, b"", Status.OK)


class Rigged:
    """A table whose client keeps what is sent, and whose stream threads run a task when the test says so."""

    def __init__(self) -> None:
        locks = LockManager("test", Checker(Mode.ENFORCE))
        self.sent: list[bytes] = []
        self.tasks: list[Any] = []
        client = SimpleNamespace(send=self._send, send_piece=self._send_piece, attend=lambda: None)
        threads = SimpleNamespace(submit=self.tasks.append)
        server = SimpleNamespace(limits=ServerLimits(), stream_budget=StreamBudget(locks, 4), stream_threads=threads)
        lock = locks.lock("client", Level.CLIENT)
        self.table = StreamTable(client, lock, server)  # type: ignore[arg-type]

    def _send(self, frame: bytes) -> bool:
        self.sent.append(frame)
        return True

    def _send_piece(self, stream: object, frame: bytes, credit: Any) -> bool:
        credit.put(True)
        return self._send(frame)

    def download(self) -> None:
        stream = Stream()
        stream.send_from(BytesSource(b"data"))
        self.table.claim()
        self.table.open(CALL, stream, False, b"reply")


def finish() -> Frame:
    return unpack(pack_stream(CALL, b"", Status.OK))


def test_the_clients_word_after_the_end_was_noted_is_confirmed() -> None:
    rig = Rigged()
    rig.download()
    rig.tasks.pop(0)()
    rig.table.deliver(finish())
    assert rig.sent[-1] == CONFIRMED
    assert rig.sent.count(CONFIRMED) == 1


def test_the_clients_word_that_crosses_the_end_is_confirmed_all_the_same() -> None:
    rig = Rigged()
    rig.download()
    pump = rig.tasks.pop(0)
    rig.table.deliver(finish())  # queued while the stream was still known as open,
    pump()  # sent to its end and noted as such meanwhile,
    work = rig.tasks.pop(0)
    work()  # and only then looked at
    assert rig.sent.count(CONFIRMED) == 1
