"""Snapshots of new images whose delete fails half way."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import virtloom_qemu.plugin
from daemons import eventually, needs
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import LockError
from virtloom.testkit import hosted
from virtloom_qemu.runs.talk import Talk

DISK_ONLY = 16  # VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY
ONE = "<domainsnapshot><name>one</name></domainsnapshot>"
OFF, RUNNING = 5, 1  # VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_RUNNING


def document(folder: Path) -> str:
    disks = "".join(
        f"<disk type='file'><driver name='qemu' type='qcow2'/><source file='{folder}/{name}.qcow2'/>"
        f"<target dev='{name}' bus='virtio'/></disk>"
        for name in ("vda", "vdb")
    )
    return f"""<domain type='qemu'><name>s</name><memory unit='MiB'>16</memory><os><type>hvm</type></os>
    <devices>{disks}</devices></domain>"""


@contextmanager
def two_disks(folder: Path) -> Iterator[tuple[Any, Any]]:
    """A driver, and a guest of its with two disks."""
    needs("qemu-system-x86_64", "qemu-system-x86")
    needs("qemu-img", "qemu-utils")
    for name in ("vda", "vdb"):
        command = ["qemu-img", "create", "-q", "-f", "qcow2", folder / f"{name}.qcow2", "1M"]
        subprocess.run(command, check=True, timeout=60)
    with hosted(virtloom_qemu.plugin, folder / "d") as running:
        yield running.driver, running.driver.domain_define_xml_flags(document(folder), 0)


@pytest.mark.parametrize("state", [OFF, RUNNING], ids=["off", "running"])
@pytest.mark.parametrize(("broken", "left"), [("block-commit", "ab"), ("job-complete", "b"), ("job-finalize", "b")])
def test_a_failure_leaves_what_a_second_try_deletes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: int, broken: str, left: str
) -> None:
    """The second disk's step fails: before anything has gone nothing goes, and later what went is not missed."""
    with two_disks(tmp_path) as (driver, guest):
        names = ["one", "two"] if broken == "job-finalize" else ["one"]
        for name in names:
            driver.domain_snapshot_create_xml(guest, ONE.replace("one", name), DISK_ONLY)
        if state == RUNNING:
            guest = driver.domain_create_with_flags(guest, 0)
        ask, calls = Talk.ask, []

        def failing(self: Talk, command: str, **arguments: Any) -> Any:
            calls.append(command)
            if command == broken and calls.count(broken) == 2:
                raise VirtError(ErrorCode.INTERNAL_ERROR, "no more room")
            return ask(self, command, **arguments)

        first = driver.domain_snapshot_lookup_by_name(guest, "one", 0)
        with monkeypatch.context() as patched:
            patched.setattr(Talk, "ask", failing)
            with pytest.raises(VirtError, match="no more room"):
                driver.domain_snapshot_delete(first, 0)
        assert driver.domain_get_state(guest, 0)[0] == state
        assert [one.name for one in driver.domain_list_all_snapshots(guest, 0)] == names
        there = [name[-1] for name in ("vda", "vdb") if (tmp_path / f"{name}.one").exists()]
        assert there == list(left)
        assert "<mirror" not in driver.domain_get_xml_desc(guest, 0)
        driver.domain_snapshot_delete(first, 0)
        assert [one.name for one in driver.domain_list_all_snapshots(guest, 0)] == names[1:]
        assert not list(tmp_path.glob("*.one"))
        if state == RUNNING:
            driver.domain_destroy_flags(guest, 0)


def test_one_that_is_aborted_leaves_the_guest_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with two_disks(tmp_path) as (driver, guest):
        driver.domain_snapshot_create_xml(guest, ONE, DISK_ONLY)
        guest = driver.domain_create_with_flags(guest, 0)
        ask = Talk.ask

        def aborting(self: Talk, command: str, **arguments: Any) -> Any:
            if command == "query-jobs":
                driver.domain_abort_job_flags(guest, 0)
            return ask(self, command, **arguments)

        snapshot = driver.domain_snapshot_lookup_by_name(guest, "one", 0)
        with monkeypatch.context() as patched:
            patched.setattr(Talk, "ask", aborting)
            with pytest.raises((VirtError, LockError)):
                driver.domain_snapshot_delete(snapshot, 0)
        eventually(lambda: "<mirror" not in driver.domain_get_xml_desc(guest, 0), "the jobs' ends to be dealt with")
        assert "vda.one" in driver.domain_get_xml_desc(guest, 0)
        driver.domain_snapshot_delete(snapshot, 0)
        assert driver.domain_list_all_snapshots(guest, 0) == []
        driver.domain_destroy_flags(guest, 0)
