"""One helper process: begun so that it outlives the daemon, met at its socket, watched, and ended.

A helper carries a mark in its environment, so that one is found that a crash of the daemon left between its start and
the moment at which that was written down.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from virtloom.errors import ErrorCode, VirtError, system_error
from virtloom.locks import might_sleep
from virtloom_qemu.process import GuestProcess, launch
from virtloom_qemu.process.identity import Identity
from virtloom_qemu.runs.given.logfile import GuestLog
from virtloom_qemu.runs.given.owners import give

MARK = "VIRTLOOM_HELPER"  # the variable that has the mark
MEET_WITHIN = 20.0  # seconds for a helper to listen at its socket; on an idle host it takes a hundredth of one
GRACE = 2.0  # seconds in which whoever ends a guest, whose helpers end with it, removes their pid files
END_WITHIN = 3.0  # seconds that it has to end when it is told to
LOOK_EVERY = 0.02  # seconds between two looks at its socket


@dataclass(frozen=True)
class Helper:
    """A helper that is to be begun.

    :ivar alias: of the device that it serves; :ivar name: title: what messages and the guest's log call it.
    :ivar mark: of its environment, which no other has; :ivar log: where what it prints goes.
    :ivar socket: where QEMU meets it.
    :ivar fds: descriptors that it is given; :ivar identity: whom it runs as, None for the daemon's own.
    :ivar env: variables of its own.
    """

    alias: str
    name: str
    title: str
    argv: Sequence[str]
    mark: str
    pid_file: Path
    log: Path
    socket: Path
    fds: Sequence[int] = ()
    identity: Identity | None = None
    env: Mapping[str, str] = field(default_factory=dict)


class Serving(NamedTuple):
    """A helper that was begun; what a restarted daemon finds it by.

    :ivar pid: began: which process it is (`GuestProcess`).
    """

    pid: int
    began: int
    pid_file: str
    socket: str

    @property
    def process(self) -> GuestProcess:
        """Its process."""
        return GuestProcess(self.pid, self.began)

    def end(self) -> None:
        """Have it end, and remove what only it had; one that is gone is no error."""
        for path in (self.pid_file, self.socket):
            Path(path).unlink(missing_ok=True)
        self.process.end(within=END_WITHIN)


def begin(helper: Helper, guest: Identity, log: GuestLog) -> Serving:
    """Begin a helper, and wait until QEMU can meet it. With no lock held.

    :param guest: whom QEMU runs as, which is given the socket; :param log: the guest's, which tells of the start.
    :raises VirtError: SYSTEM_ERROR if it cannot be run, OPERATION_FAILED with its last words if it died,
        OPERATION_TIMEOUT if nobody listens; nothing of it is left then.
    """
    log.command(f"Starting external device: {helper.title}", helper.argv, helper.env)
    own = GuestLog(helper.log)
    helper.pid_file.parent.mkdir(parents=True, exist_ok=True)
    process = launch(
        helper.argv,
        log=helper.log,
        pid_file=helper.pid_file,
        env={**helper.env, MARK: helper.mark},
        fds=helper.fds,
        identity=helper.identity,
    )
    serving = Serving(*process, str(helper.pid_file), str(helper.socket))
    try:
        _meet(helper, process, own)
        give(str(helper.socket), guest)
    except BaseException:
        serving.end()
        raise
    return serving


def _meet(helper: Helper, process: GuestProcess, log: GuestLog) -> None:
    might_sleep(f"{helper.name} to listen", MEET_WITHIN)
    deadline = time.monotonic() + MEET_WITHIN
    while not (helper.socket.exists() and process.alive()):
        if process.wait(LOOK_EVERY):
            words = log.last_words() or "nothing"
            raise VirtError(ErrorCode.OPERATION_FAILED, f"{helper.name} died and reported: {words}")
        if time.monotonic() > deadline:
            raise VirtError(ErrorCode.OPERATION_TIMEOUT, f"{helper.name} socket did not show up")


def watch(serving: Serving, name: str, tell: Callable[[], None]) -> None:
    """Have somebody told when a helper ends that nobody ends, on a thread of its own that ends with it."""

    def wait() -> None:
        while not serving.process.wait(3600.0):
            pass
        time.sleep(GRACE)
        if Path(serving.pid_file).exists():
            tell()

    threading.Thread(target=wait, name=name, daemon=True).start()


def left_behind(mark: str) -> Iterator[GuestProcess]:
    """The processes that carry a mark in their environment."""
    wanted = f"{MARK}={mark}".encode()
    for name in (one for one in os.listdir("/proc") if one.isdigit()):
        try:
            if wanted in Path("/proc", name, "environ").read_bytes().split(b"\0"):
                yield GuestProcess.of(int(name))
        except OSError:
            continue  # it is gone, or another user's


def program(name: str, found: str | None) -> str:
    """A program that there must be.

    :param found: where it is, if it is.
    :raises VirtError: SYSTEM_ERROR, in libvirt's words.
    """
    if found is None:
        raise system_error(FileNotFoundError(2, os.strerror(2)), f"Unable to find '{name}' binary in $PATH")
    return found
