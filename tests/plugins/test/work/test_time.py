"""Time: a clock that tests stop and move, and work that takes its time as a job."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from daemons import eventually

libvirt: Any = pytest.importorskip("libvirt")
libvirt.registerErrorHandler(lambda context, error: None, None)

GUEST = "<domain type='test'><name>g</name><memory>65536</memory><os><type>hvm</type></os></domain>"


@pytest.fixture
def domain(played: Any) -> Any:
    return libvirt.open(played.daemon.uri()).lookupByName("test")


def in_background(call: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """A call that takes long, and what came of it."""
    came: list[Any] = []

    def run() -> None:
        try:
            came.append(call())
        except libvirt.libvirtError as error:
            came.append(error.get_error_code())

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, came


def test_a_stopped_clock_stands_and_moves_when_told(played: Any, domain: Any) -> None:
    played.clock(to=1_000_000, rate=0)
    first = domain.blockStats("vda")
    assert domain.blockStats("vda") == first
    played.clock(by=10)
    assert domain.blockStats("vda")[0] > first[0]
    assert played.clock() == 1_000_010
    domain.snapshotCreateXML("<domainsnapshot/>")
    assert domain.snapshotListNames() == ["1000010"]


def test_the_clock_is_not_told_nonsense(played: Any) -> None:
    for wrong in ({"rate": -1}, {"to": "noon"}, {"sideways": 1}):
        with pytest.raises(Exception, match=r"negative|must be a number|unknown 'sideways'"):
            played.call("clock", **wrong)


def test_a_save_is_a_job_with_progress_on_the_scripted_clock(played: Any, domain: Any, tmp_path: Path) -> None:
    played.clock(rate=0)
    played.durations(save=100)
    saving, came = in_background(lambda: domain.save(str(tmp_path / "image")))
    watcher = libvirt.open(played.daemon.uri()).lookupByName("test")
    eventually(lambda: watcher.jobInfo()[0] == libvirt.VIR_DOMAIN_JOB_BOUNDED, "the job to begin")
    played.clock(by=25)
    eventually(lambda: watcher.jobStats().get("time_remaining") == 75_000, "a quarter to be done")
    stats = watcher.jobStats()
    assert stats["operation"] == libvirt.VIR_DOMAIN_JOB_OPERATION_SAVE
    assert stats["data_processed"] * 4 == stats["data_total"]
    assert not came
    played.clock(by=75)
    saving.join(30)
    assert came == [0]
    assert not watcher.isActive()


def test_a_job_is_aborted_and_leaves_the_guest_running(played: Any, domain: Any, tmp_path: Path) -> None:
    played.clock(rate=0)
    played.durations(dump=100)
    dumping, came = in_background(lambda: domain.coreDump(str(tmp_path / "core")))
    watcher = libvirt.open(played.daemon.uri()).lookupByName("test")
    eventually(lambda: watcher.jobInfo()[0] != libvirt.VIR_DOMAIN_JOB_NONE, "the job to begin")
    watcher.abortJob()
    dumping.join(30)
    assert came == [libvirt.VIR_ERR_OPERATION_ABORTED]
    assert watcher.isActive()
    with pytest.raises(libvirt.libvirtError, match="no job is active"):
        watcher.abortJob()


def test_a_start_is_aborted_and_leaves_the_guest_off(played: Any, domain: Any) -> None:
    domain.destroy()
    played.clock(rate=0)
    played.durations(start=100)
    starting, came = in_background(domain.create)
    virsh = played.virsh()
    eventually(lambda: "Start" in virsh("domjobinfo", "test"), "the job to begin")
    virsh("domjobabort", "test")
    starting.join(30)
    assert came == [libvirt.VIR_ERR_OPERATION_ABORTED]
    assert not domain.isActive()
    assert "domain is not running" in virsh.fails("domjobabort", "test")
    played.durations(start=0)
    domain.create()


def test_a_restore_is_aborted_and_leaves_no_guest_but_its_image(played: Any, tmp_path: Path) -> None:
    connection = libvirt.open(played.daemon.uri())
    guest = connection.createXML(GUEST)
    guest.save(str(tmp_path / "image"))
    played.clock(rate=0)
    played.durations(restore=100)
    restoring, came = in_background(lambda: connection.restore(str(tmp_path / "image")))
    virsh = played.virsh()
    eventually(lambda: "Restore" in virsh.run("domjobinfo", "g").stdout, "the job to begin")
    assert virsh("domstate", "g") == "shut off"
    virsh("domjobabort", "g")
    restoring.join(30)
    assert came == [libvirt.VIR_ERR_OPERATION_ABORTED]
    assert virsh("list", "--all", "--name") == "test"
    played.durations(restore=0)
    virsh("restore", str(tmp_path / "image"))
    assert virsh("domstate", "g", "--reason") == "running (restored)"


@pytest.mark.parametrize(
    ("call", "words"),
    [("snapshot-create-as test s", "Snapshot"), ("snapshot-revert test first", "Snapshot revert")],
)
def test_a_snapshot_is_aborted_and_changes_nothing(played: Any, domain: Any, call: str, words: str) -> None:
    virsh = played.virsh()
    virsh("snapshot-create-as", "test", "first")
    virsh("suspend", "test")
    played.clock(rate=0)
    played.durations(snapshot=100)
    working = subprocess.Popen(["virsh", "-c", played.daemon.uri(), *call.split()], stderr=subprocess.PIPE)
    eventually(lambda: words in virsh("domjobinfo", "test"), "the job to begin")
    virsh("domjobabort", "test")
    _, said = working.communicate(timeout=30)
    assert b"operation aborted" in said
    assert virsh("snapshot-list", "test", "--name").split() == ["first"]
    assert virsh("domstate", "test") == "paused"


def test_a_volume_grows_while_it_is_made_and_is_gone_if_that_is_aborted(played: Any) -> None:
    virsh = played.virsh()
    played.clock(rate=0)
    played.durations(volume=100)
    pool = libvirt.open(played.daemon.uri()).storagePoolLookupByName("default-pool")
    xml = "<volume><name>v</name><capacity>4096</capacity><allocation>4096</allocation></volume>"
    maker = libvirt.open(played.daemon.uri()).storagePoolLookupByName("default-pool")
    making, came = in_background(lambda: maker.createXML(xml))
    eventually(lambda: "v" in virsh("vol-list", "default-pool").split(), "the volume to be there")
    played.clock(by=50)
    eventually(lambda: pool.storageVolLookupByName("v").info()[2] == 2048, "half of it to be allocated")
    assert "still being allocated" in virsh.fails("vol-delete", "v", "default-pool")
    assert "pool 'default-pool' has asynchronous jobs running" in virsh.fails("pool-destroy", "default-pool")
    played.abort("test:///default", "default-pool", "v")
    making.join(30)
    assert came == [libvirt.VIR_ERR_OPERATION_ABORTED]
    assert pool.listVolumes() == []
    assert pool.info()[2] == 0
    with pytest.raises(Exception, match="nothing is being done to the volume 'v'"):
        played.abort("test:///default", "default-pool", "v")


def test_a_block_copy_becomes_ready_and_is_pivoted_to(played: Any, domain: Any) -> None:
    played.clock(rate=0)
    played.durations(block=10)
    domain.blockCopy("vda", "<disk type='file'><source file='/copy'/></disk>", {}, 0)
    played.clock(by=5)
    info = domain.blockJobInfo("vda")
    assert (info["type"], info["cur"] * 2) == (libvirt.VIR_DOMAIN_BLOCK_JOB_TYPE_COPY, info["end"])
    with pytest.raises(libvirt.libvirtError, match="not ready for pivot"):
        domain.blockJobAbort("vda", libvirt.VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT)
    played.clock(by=5)

    def pivoted() -> bool:
        try:
            return bool(domain.blockJobAbort("vda", libvirt.VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT) == 0)
        except libvirt.libvirtError:
            return False

    eventually(pivoted, "the copy to be ready")
    assert "file='/copy'" in domain.XMLDesc()
    assert domain.blockJobInfo("vda") == {}


def test_a_pull_ends_by_itself_and_its_speed_decides_when(played: Any, domain: Any) -> None:
    played.clock(rate=0)
    played.durations(block=1000)
    domain.blockPull("vda", 0, 0)
    domain.blockJobSetSpeed("vda", 512)  # MiB/s, of a disk of 1 GiB
    played.clock(by=2)
    eventually(lambda: domain.blockJobInfo("vda") == {}, "the pull to end")


def test_volumes_take_their_time_and_keep_what_is_written(played: Any, tmp_path: Path) -> None:
    virsh = played.virsh()
    virsh("vol-create-as", "default-pool", "v", "1M")
    (tmp_path / "in").write_bytes(b"hello")
    virsh("vol-upload", "v", str(tmp_path / "in"), "default-pool")
    virsh("vol-download", "v", str(tmp_path / "out"), "default-pool", "--length", "5")
    assert (tmp_path / "out").read_bytes() == b"hello"
    played.clock(rate=0)
    played.durations(wipe=60)
    wiping = subprocess.Popen(
        ["virsh", "-c", played.daemon.uri(), "vol-wipe", "v", "default-pool"], stdout=subprocess.PIPE
    )
    played.clock(by=30)
    with pytest.raises(subprocess.TimeoutExpired):
        wiping.wait(0.3)
    played.clock(by=3600)
    assert wiping.wait(30) == 0
    virsh("vol-download", "v", str(tmp_path / "out"), "default-pool", "--length", "5")
    assert (tmp_path / "out").read_bytes() == bytes(5)
