"""A guest's state goes out of QEMU; however that ends, QEMU is done with it before anybody goes on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from played import PlayedGuest

from virtloom.driver.constants.domain_state import DomainState
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import JobKind
from virtloom_qemu.domains.snapshots.online import OnlineSnapshots
from virtloom_qemu.saving import transfer

Playing = Callable[..., PlayedGuest]
ACTIVE, COMPLETED, CANCELLING, CANCELLED = (
    {"status": word} for word in ("active", "completed", "cancelling", "cancelled")
)
FAILED = {"status": "failed", "error-desc": "no room"}
PAUSED, FINISHING, MIGRATED = (
    {"status": word, "running": False} for word in ("paused", "finish-migrate", "postmigrate")
)


@pytest.fixture
def sink() -> Iterator[int]:
    descriptor = os.open(os.devnull, os.O_WRONLY)
    yield descriptor
    os.close(descriptor)


def sent(playing: Playing, sink: int, answers: dict[str, list[Any]], *, aborted: bool = False) -> PlayedGuest:
    """A guest whose state was sent; an error of that is raised after what was heard is known."""
    played = playing(answers)
    with played.found.job(JobKind.SAVE) as job:
        if aborted:
            played.found.abort_job("it was aborted")
        try:
            transfer.send(played.talk(job), sink)
        except VirtError as error:
            played.error = error
    return played


def test_a_transfer_has_ended_when_qemu_says_so_of_the_guest_too(playing: Playing, sink: int) -> None:
    """Between the two, `cont` is refused: "Migration is not finalized yet"."""
    answers = {"query-migrate": [ACTIVE, COMPLETED], "query-status": [FINISHING, FINISHING, MIGRATED]}
    played = sent(playing, sink, answers)
    assert played.error is None
    assert played.qemu.heard.count("query-status") == 3


@pytest.mark.parametrize("at_last", [CANCELLED, COMPLETED])
def test_one_that_is_aborted_has_ended_when_the_caller_learns_of_it(
    playing: Playing, sink: int, at_last: dict[str, Any]
) -> None:
    answers = {"query-migrate": [ACTIVE, CANCELLING, at_last], "query-status": [FINISHING, MIGRATED]}
    played = sent(playing, sink, answers, aborted=True)
    assert played.error is not None
    assert played.error.code is ErrorCode.OPERATION_ABORTED
    assert "migrate_cancel" in played.qemu.heard
    assert played.qemu.answers_left["query-status"] == [MIGRATED]


@pytest.mark.parametrize(
    ("told", "message"), [([ACTIVE, FAILED], "no room"), ([ACTIVE, "out of order", CANCELLED], "out of order")]
)
def test_one_that_fails_does_not_go_on_behind_everybodys_back(
    playing: Playing, sink: int, told: list[Any], message: str
) -> None:
    """It would stop the guest at its end, and the next save would be refused."""
    answers = {"query-migrate": told, "query-status": [FINISHING, MIGRATED]}
    played = sent(playing, sink, answers)
    assert message in str(played.error)
    assert played.qemu.heard.index("migrate_cancel") < len(played.qemu.heard) - 1
    assert played.qemu.answers_left["query-status"] == [MIGRATED]


class Snapshots(OnlineSnapshots):
    """The part of the driver that takes snapshots, on its own."""

    def __init__(self) -> None:
        self.told: list[int] = []

    def _lifecycle(self, state: Any, event: int, detail: int) -> None:
        self.told.append(event)


def test_a_guest_goes_on_although_its_snapshot_was_aborted(playing: Playing) -> None:
    played = playing({})
    with played.found.locked() as state:
        state.state = DomainState.PAUSED
    with played.found.job(JobKind.SNAPSHOT) as job:
        played.found.abort_job("it was aborted")
        Snapshots()._resume_if_stopped(played.talk(job))
    assert played.qemu.heard == ["cont"]


def test_a_program_that_there_is_not_is_named() -> None:
    reader, writer = os.pipe()
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(VirtError, match="Cannot run /no/such/lzop: No such file or directory"):
        transfer.receive(cast("Any", None), reader, ["/no/such/lzop"])
    assert len(os.listdir("/proc/self/fd")) == before
    os.close(reader)
    os.close(writer)
