"""Long work tells how far it is, and ends when an administrator says so, with nothing half done."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from stores import MIB, Store, volume_xml

from daemons import BIN, Daemon, Virsh, eventually
from virtloom.driver.handles import StorageVolHandle
from virtloom.locks import JobAborted
from virtloom.locks.watching.inspection import JobSnapshot, snapshot
from virtloom_storage.images import raw

PIECES = 8


class Brake:
    """Holds all copying and zeroing after the first piece until it is let go."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.held, self.free = threading.Event(), threading.Event()
        self._write = raw.write_all
        patch.setattr(raw, "PIECE", MIB)
        patch.setattr(raw, "write_all", self.write)
        patch.setattr(os, "copy_file_range", self.copy)

    def write(self, descriptor: int, data: bytes, at: int) -> int:
        if at:
            self.held.set()
            assert self.free.wait(30)
        return self._write(descriptor, data, at)

    def copy(self, source: int, target: int, size: int, at: int, to: int) -> int:
        return self.write(target, os.pread(source, size, at), to)


@pytest.fixture
def brake(monkeypatch: pytest.MonkeyPatch) -> Iterator[Brake]:
    made = Brake(monkeypatch)
    yield made
    made.free.set()


def filled(store: Store, pool: Any) -> StorageVolHandle:
    vol = store.volume(pool, "full", PIECES * MIB)
    store.file(vol).write_bytes(b"x" * PIECES * MIB)
    return vol


def work(store: Store) -> JobSnapshot:
    [job] = [job for job in snapshot(store.hosted.host.locks).jobs if job.kind == "work"]
    return job


def abort(store: Store, number: int) -> None:
    assert any(obj.jobs.abort("no need", number) for obj in store.hosted.host.locks.objects)


def test_a_copy_that_is_aborted_leaves_nothing(store: Store, brake: Brake) -> None:
    pool = store.pool()
    vol = filled(store, pool)
    xml = volume_xml("copy", PIECES * MIB)
    with ThreadPoolExecutor(1) as one:
        copy = one.submit(store.driver.storage_vol_create_xml_from, pool, xml, vol, 0)
        assert brake.held.wait(30)
        job = work(store)
        assert (job.object_name, job.progress.data_total, job.progress.data_processed) == (
            "volume p/copy", PIECES * MIB, MIB,
        )  # fmt: skip
        abort(store, job.number)
        brake.free.set()
        with pytest.raises(JobAborted, match="volume p/copy was aborted: no need"):
            copy.result()
    assert store.names(pool) == ["full"]
    assert [path.name for path in (store.folder / "p").iterdir()] == ["full"]
    store.driver.storage_pool_destroy(pool)


def test_a_wipe_that_is_aborted_lets_go_of_its_volume(store: Store, brake: Brake) -> None:
    vol = filled(store, store.pool())
    with ThreadPoolExecutor(1) as one:
        wipe = one.submit(store.driver.storage_vol_wipe_pattern, vol, 0, 0)
        assert brake.held.wait(30)
        abort(store, work(store).number)
        brake.free.set()
        with pytest.raises(JobAborted):
            wipe.result()
    store.driver.storage_vol_delete(vol, 0)


def test_an_allocation_that_is_aborted_leaves_the_size_as_it_was(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    vol = store.volume(store.pool(), "v", MIB)
    reserve = os.posix_fallocate

    def interrupted(descriptor: int, at: int, length: int) -> None:
        reserve(descriptor, at, length)
        abort(store, work(store).number)

    monkeypatch.setattr(os, "posix_fallocate", interrupted)
    with pytest.raises(JobAborted):
        store.driver.storage_vol_resize(vol, 3 * MIB, 1)
    assert store.file(vol).stat().st_size == store.capacity(vol) == MIB


SCRUB = """#!/bin/sh
while echo wiping; do sleep 0.05; done > /dev/null
"""


def virtloom(daemon: Daemon, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BIN / "virtloom", "--root", str(daemon.root), *words], capture_output=True, text=True, timeout=60
    )


def test_an_administrator_sees_a_helpers_progress_and_aborts_it(scratch: Path) -> None:
    (scratch / "bin").mkdir()
    (scratch / "bin" / "scrub").write_text(SCRUB)
    (scratch / "bin" / "scrub").chmod(0o755)
    daemon = Daemon(scratch, env={"PATH": f"{scratch}/bin:{os.environ['PATH']}"})
    virsh = Virsh(daemon.uri("storage", "/system"))
    virsh("pool-create-as", "p", "dir", "--target", str(scratch / "p"), "--build")
    virsh("vol-create-as", "p", "v", "1M")

    def running() -> list[dict[str, Any]]:
        return [row for row in json.loads(virtloom(daemon, "jobs", "--json").stdout) if row["kind"] == "work"]

    with ThreadPoolExecutor(1) as one:
        wipe = one.submit(virsh.run, "vol-wipe", "v", "--pool", "p", "--algorithm", "dod")
        eventually(lambda: bool(running() and running()[0]["progress"].get("data_processed")), "the helper's progress")
        [job] = running()
        assert job["object"] == "volume p/v"
        assert job["owner"]["api"] == "virStorageVolWipePattern"
        busy = virsh.fails("pool-destroy", "p")
        assert "virStorageVolWipePattern of client" in busy
        assert "on volume 'v'" in busy
        told = virtloom(daemon, "jobs", "abort", str(job["number"]), "--reason", "wrong disk")
        assert told.stdout.endswith("on volume p/v, is told to stop\n"), told
        assert "work job on volume p/v was aborted: wrong disk" in wipe.result().stderr
    again = virtloom(daemon, "jobs", "abort", str(job["number"]))
    assert (again.returncode, f"no job {job['number']} is running" in again.stderr) == (1, True)
    virsh("vol-delete", "v", "--pool", "p")
    assert "LockViolation" not in daemon.stop()
