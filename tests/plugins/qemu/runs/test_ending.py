"""The end of a run, met by two at once: what it had is given back once, and its status file stays away."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import virtloom_qemu.plugin
from daemons import eventually, needs
from gates import Gate
from virtloom.driver.constants.domain_event import DomainEventStoppedDetail as Stopped
from virtloom.driver.constants.domain_state import DomainShutoffReason as Shutoff
from virtloom.driver.constants.domain_state import DomainState
from virtloom.driver.handles import DomainHandle
from virtloom.errors import VirtError
from virtloom.locks import JobKind, LockError
from virtloom.testkit import HostedDriver, hosted
from virtloom_qemu.driver import QemuDriver

GUEST = """<domain type='qemu'><name>e</name><memory unit='MiB'>16</memory><os><type>hvm</type></os></domain>"""
PAUSED = 1


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[QemuDriver]:
    needs("qemu-system-x86_64", "qemu-system-x86")
    with hosted(virtloom_qemu.plugin, tmp_path) as running:
        assert isinstance(running.driver, QemuDriver)
        yield running.driver
        for found in running.driver.domains:
            end(running, found)


def end(running: HostedDriver, found: Any) -> None:
    view = found.published
    if view is not None and view.active:
        running.driver.domain_destroy_flags(view.handle, 0)


@pytest.fixture
def guest(driver: QemuDriver) -> DomainHandle:
    return driver.domain_create_with_flags(driver.domain_define_xml_flags(GUEST, 0), PAUSED)


def test_what_a_run_had_is_given_back_once(
    driver: QemuDriver, guest: DomainHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_back: list[int] = []
    let_go = driver.disk_images.let_go
    monkeypatch.setattr(driver.disk_images, "let_go", lambda *args: (given_back.append(args[1]), let_go(*args)))
    gate = Gate(monkeypatch, driver.disk_images, "let_go")
    found = driver._find(guest)
    with found.locked() as state:
        run = state.run
    assert run is not None

    def save() -> bool:
        with found.job(JobKind.SAVE):
            return driver._end(found, run, Shutoff.SAVED, Stopped.SAVED)

    with ThreadPoolExecutor(2) as threads:
        saving = threads.submit(save)
        assert gate.reached.wait(30)
        destroying = threads.submit(driver.domain_destroy_flags, guest, 0)
        eventually(lambda: any(job.kind is JobKind.DESTROY for job in found.jobs.running), "it is being destroyed")
        gate.open.set()
        assert saving.result(30)
        destroying.result(30)
    assert given_back == [run.id]
    assert not driver._view(guest).active


def test_a_status_that_is_written_late_does_not_outlive_its_run(
    driver: QemuDriver, guest: DomainHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch, driver.status_files, "write")
    with ThreadPoolExecutor(1) as threads:
        keeping = threads.submit(driver._keep_status, driver._find(guest))
        assert gate.reached.wait(30)
        driver.domain_destroy_flags(guest, 0)
        gate.open.set()
        keeping.result(30)
    assert list(driver.status_files.load()) == []


def test_a_guest_goes_on_whose_save_is_aborted_just_when_it_stops(
    driver: QemuDriver, guest: DomainHandle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver.domain_resume(guest)
    with driver._find(guest).locked() as state:
        run = state.run
    assert run is not None
    execute = run.monitor.execute

    def stopping(command: str, *args: Any, **named: Any) -> Any:
        told = execute(command, *args, **named)
        if command == "stop":
            driver._find(guest).abort_job("canceled by client")
        return told

    monkeypatch.setattr(run.monitor, "execute", stopping)
    with pytest.raises((VirtError, LockError), match=r"canceled by client|was aborted"):
        driver.domain_save_flags(guest, str(tmp_path / "image"), None, 0)
    assert driver.domain_get_state(guest, 0)[0] == DomainState.RUNNING
    assert not (tmp_path / "image").exists()


def test_a_copy_of_a_status_file_is_no_guest(driver: QemuDriver, guest: DomainHandle) -> None:
    [file] = driver.host.dirs.runtime.glob("*.json")
    file.with_name("copy.json").write_text(file.read_text())
    assert [status.name for status in driver.status_files.load()] == ["e"]
