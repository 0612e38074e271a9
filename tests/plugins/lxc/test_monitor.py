"""The daemon's side of the controllers: one that talks nonsense, or does not go, costs the others nothing."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from virtloom_lxc.container.monitor import Ending, Monitor, Watch, listen


def line(init: int) -> bytes:
    return json.dumps({"consoles": [], "init": init, "boots": 1, "ended": None}).encode() + b"\n"


@pytest.fixture
def watch() -> Iterator[Watch]:
    made = Watch()
    yield made
    made.stop()


def controller(
    folder: Path, watch: Watch, process: subprocess.Popen[bytes] | None = None
) -> tuple[Monitor, socket.socket]:
    """A monitor that is watched, and the end that its controller would have."""
    folder.mkdir()
    with listen(folder / "socket") as server:
        monitor = Monitor(folder / "socket", folder / "ended", process)
        end, _ = server.accept()
    watch.add(monitor)
    return monitor, end


@pytest.mark.parametrize("nonsense", [b"what?\n", b"{}\n", b"[1]\n", b'{"consoles": 1, "ended": 3}\n'])
def test_a_controller_that_talks_nonsense_is_lost_alone(tmp_path: Path, watch: Watch, nonsense: bytes) -> None:
    mad, its_end = controller(tmp_path / "mad", watch)
    sane, other_end = controller(tmp_path / "sane", watch)
    with its_end, other_end:
        its_end.sendall(nonsense)
        assert mad.wait(lambda report: report.ended == Ending(signal=9), 20)
        other_end.sendall(line(7))
        assert sane.wait(lambda report: report.init == 7, 20)


class Staying:
    """A controller's process that closed its socket and does not go."""

    pid = 1

    def __init__(self) -> None:
        self.goes, self.is_collected = threading.Event(), threading.Event()

    def poll(self) -> None:
        """It has not ended."""

    def wait(self, timeout: float | None = None) -> None:
        """However long it takes."""
        self.goes.wait()
        self.is_collected.set()


def test_a_controller_that_does_not_go_delays_no_other_news(tmp_path: Path, watch: Watch) -> None:
    staying = Staying()
    slow, its_end = controller(tmp_path / "slow", watch, cast("subprocess.Popen[bytes]", staying))
    its_end.close()
    try:
        assert slow.wait(lambda report: report.ended is not None, 20)
        quick, other_end = controller(tmp_path / "quick", watch)
        with other_end:
            other_end.sendall(line(8))
            assert quick.wait(lambda report: report.init == 8, 20)
    finally:
        staying.goes.set()
    assert staying.is_collected.wait(20)
