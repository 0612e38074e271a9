"""Recording on demand: one at a time, bounded in time, handed out in pieces."""

from __future__ import annotations

import pytest

from virtloom.daemon.own import tracing
from virtloom.daemon.own.tracing import MAX_SECONDS, Tracing
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import Checker, LockManager, ObjectType

THING = ObjectType("thing", key="name")


class Site:
    """A checker with an object whose lock is taken, and the tracing of both."""

    def __init__(self) -> None:
        self.checker = Checker("record")
        self.locks = LockManager("test", self.checker, [THING])
        self.thing = self.locks.guard(THING, "thing", None)
        self.tracing = Tracing(self.checker, self.locks)

    def take(self, times: int = 1) -> None:
        for _ in range(times):
            with self.thing.locked():
                pass

    def holds(self) -> int:
        """How many events of the trace are on the object's track."""
        events = self.tracing.piece(0)
        (track,) = [one["tid"] for one in events if one["ph"] == "M" and one["args"]["name"] == self.thing.name]
        return sum(1 for event in events if event["ph"] == "X" and (event["pid"], event["tid"]) == (2, track))


@pytest.fixture
def site() -> Site:
    return Site()


def test_what_happens_between_start_and_stop_is_in_the_trace(site: Site) -> None:
    site.take()
    assert site.tracing.start(60_000) == {"seconds": 60}
    site.take(3)
    told = site.tracing.stop()
    site.take()
    assert told["dropped"] == 0
    assert told["events"] == len(site.tracing.piece(0))
    assert site.holds() == 3


@pytest.mark.parametrize("milliseconds", [0, MAX_SECONDS * 1000 + 1])
def test_a_time_that_cannot_be_is_refused(site: Site, milliseconds: int) -> None:
    with pytest.raises(VirtError, match="a trace takes between 0 and 600 seconds") as caught:
        site.tracing.start(milliseconds)
    assert caught.value.code == ErrorCode.INVALID_ARG


def test_there_is_one_recording_at_a_time_and_none_to_stop_without(site: Site) -> None:
    with pytest.raises(VirtError, match="no trace is being recorded"):
        site.tracing.stop()
    site.tracing.start(60_000)
    with pytest.raises(VirtError, match="a trace is being recorded already") as caught:
        site.tracing.start(60_000)
    assert caught.value.code == ErrorCode.OPERATION_INVALID
    site.tracing.stop()
    site.tracing.start(60_000)


def test_a_recording_whose_client_went_away_gives_way_to_the_next(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.tracing.start(1000)
    later = tracing.time.monotonic() + 2
    monkeypatch.setattr(tracing.time, "monotonic", lambda: later)
    site.tracing.start(1000)


def test_a_long_trace_is_handed_out_in_pieces(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "PIECE", 4)
    site.tracing.start(60_000)
    site.take(5)
    total = site.tracing.stop()["events"]
    pieces = [site.tracing.piece(offset) for offset in range(0, total + 4, 4)]
    assert [len(piece) for piece in pieces] == [4] * (total // 4) + [total % 4] + [0] * (len(pieces) - total // 4 - 1)
    assert sum(map(len, pieces)) == total
