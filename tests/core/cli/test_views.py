"""The commands that look into a running daemon, while a guest of it hangs: what they print, and what `--watch` does."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from daemons import BIN, CONFIG, Daemon, eventually
from virtloom_testing import Control

libvirt: Any = pytest.importorskip("libvirt")
libvirt.registerErrorHandler(lambda context, error: None, None)

MORE = """job_timeout = 600
[driver.test]
keep_hosts = true
"""
VIEWS = ("locks", "locks --waiting", "locks --findings", "locks --order", "jobs", "workers", "stacks")


def virtloom(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BIN / "virtloom"), "--root", str(root), *words], capture_output=True, text=True, timeout=60
    )


def shown(daemon: Daemon, *words: str) -> str:
    finished = virtloom(daemon.root, *words)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def told(daemon: Daemon, *words: str) -> Any:
    return json.loads(shown(daemon, *words, "--json"))


def _call(uri: str, what: str, *arguments: Any) -> None:
    with suppress(libvirt.libvirtError):
        getattr(libvirt.open(uri).lookupByName("test"), what)(*arguments)


@pytest.fixture(scope="module")
def hung(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with a guest whose saving does not end, and a call that waits for it."""
    running = Daemon(tmp_path_factory.mktemp("v"), CONFIG + MORE)
    Control(running.admin_socket).durations(save=3600)
    for number, call in enumerate((("save", str(running.root / "saved")), ("setMemory", 1 << 20)), 1):
        threading.Thread(target=_call, args=(running.uri(), *call), daemon=True).start()
        eventually(lambda number=number: len(told(running, "jobs")) == number, "the call to wait")
    yield running
    libvirt.open(running.uri()).lookupByName("test").destroy()
    running.stop()


def test_jobs_shows_who_has_the_guest_and_who_waits(hung: Daemon) -> None:
    head, save, modify = shown(hung, "jobs").splitlines()
    assert "ended by" not in head  # there is nothing to say in that column
    for word in ("test domain test ", "save", "running", "virDomainSave, client 1 ", "abort, destroy, query"):
        assert word in save
    for word in ("modify", "waiting", "virDomainSetMemory"):
        assert word in modify
    assert "domain test" not in modify  # the object is named once
    running, waiting = told(hung, "jobs")
    assert running["object"] == "domain test (6695eb01-f6a4-8304-79aa-97f2502e193f)"
    assert (running["slot"], running["progress"]["data_total"] > 0) == ("async", True)
    assert (waiting["slot"], waiting["allowed"]) == ("monitor", [])


def test_waiting_shows_the_chain_to_its_end(hung: Daemon) -> None:
    waiter, holder = shown(hung, "locks", "--waiting").splitlines()
    assert waiter.endswith(" for a modify job on domain test")
    assert holder.startswith("  held by virDomainSave, client 1 ")
    assert holder.endswith(" for the end of the save")


def test_workers_shows_what_each_busy_thread_does(hung: Daemon) -> None:
    text = shown(hung, "workers")
    assert "virDomainSave, client 1 " in text
    assert "; holds save job on domain test" in text
    assert len(shown(hung, "workers", "--all").splitlines()) > len(text.splitlines())
    (crew,) = [c for c in told(hung, "workers")["crews"] if (c["server"], c["kind"]) == ("virtloomd", "ordinary")]
    assert crew["waiting"] == 2


def test_stacks_shows_where_each_thread_is(hung: Daemon) -> None:
    text = shown(hung, "stacks")
    assert "Saving.domain_save_flags" in text
    assert "MainThread (idle)" in text


def test_locks_shows_those_that_are_held_or_all(hung: Daemon) -> None:
    *_, summary = shown(hung, "locks").splitlines()
    assert summary.endswith(" held")
    assert "test domains" in shown(hung, "locks", "--all")
    assert {row["level"] for row in told(hung, "locks")} >= {"server", "client", "driver", "object", "leaf"}


def test_findings_and_order_come_from_the_checker(hung: Daemon) -> None:
    assert shown(hung, "locks", "--findings") == "no rule of locking was broken\n"
    assert "events events (leaf)" in shown(hung, "locks", "--order")


@contextmanager
def started(daemon: Daemon, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A command that runs until it is interrupted, which must end it in order."""
    command = [str(BIN / "virtloom"), "--root", str(daemon.root), *words]
    # A shell's background jobs, such as a run of all tests, have interrupts ignored; what they start inherits that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    finally:
        signal.signal(signal.SIGINT, before)
    guard = threading.Timer(60, running.kill)
    guard.start()
    try:
        yield running
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate(timeout=60)
        assert (running.returncode, "Traceback" in errors) == (0, False), errors
    finally:
        guard.cancel()
        running.kill()
        running.wait()


@pytest.mark.parametrize("view", VIEWS)
def test_each_view_is_watched_as_lines_of_json(hung: Daemon, view: str) -> None:
    with started(hung, *view.split(), "--json", "--watch", "--every", "0.05") as watching:
        assert watching.stdout is not None
        answers = [json.loads(watching.stdout.readline()) for _ in range(2)]
    assert type(answers[0]) is type(answers[1]) is type(told(hung, *view.split()))


def test_watching_without_a_terminal_prints_one_answer_below_the_other(hung: Daemon) -> None:
    with started(hung, "jobs", "--watch", "--every", "0.05") as watching:
        assert watching.stdout is not None
        lines = [watching.stdout.readline() for _ in range(6)]
    assert ["virDomainSave" in line for line in lines] == [False, True, False] * 2


def test_a_trace_that_is_interrupted_is_written(hung: Daemon, tmp_path: Path) -> None:
    target = tmp_path / "trace.json"
    with started(hung, "trace", "--seconds", "500", "-o", str(target)) as recording:
        assert recording.stderr is not None
        assert recording.stderr.readline() == "recording for 500 s, or until Ctrl-C ...\n"
    events = json.loads(target.read_text())["traceEvents"]
    assert "virDomainSave" in {event["name"] for event in events}
    assert any(event["args"].get("state") == "not ended yet" for event in events)


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        ("trace --seconds 0", 1, "a trace takes some seconds, not 0"),
        ("trace --seconds -3", 1, "a trace takes some seconds, not -3"),
        ("trace --seconds 601", 1, "a trace takes between 0 and 600 seconds, not 601"),
        ("trace --seconds 1 -o /nowhere/x.json", 1, "there is no folder /nowhere to write x.json to"),
        ("jobs abort 123456", 1, "no job 123456 is running"),
        ("locks --whatever", 2, "unrecognized arguments: --whatever"),
        ("jobs --every x", 2, "invalid float value: 'x'"),
    ],
)
def test_a_mistake_is_explained(hung: Daemon, words: str, status: int, says: str) -> None:
    finished = virtloom(hung.root, *words.split())
    assert (finished.returncode, finished.stdout) == (status, "")
    assert says in finished.stderr


@pytest.mark.parametrize("view", ["locks", "jobs --watch", "workers", "stacks", "metrics", "trace --seconds 1"])
def test_without_a_daemon_each_command_says_where_it_looked(tmp_path: Path, view: str) -> None:
    finished = virtloom(tmp_path, *view.split())
    assert (finished.returncode, finished.stdout) == (1, "")
    assert f"no daemon answers at {tmp_path}/run/virtloom-admin-sock" in finished.stderr
    assert "Traceback" not in finished.stderr
