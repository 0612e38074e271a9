"""File systems and disks for real, on a loop device of the test's own."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from stores import MIB, Store, refused

from daemons import Daemon, Virsh, eventually, needs
from virtloom.errors import VirtError

CREATE_OVERWRITE = 2  # VIR_STORAGE_POOL_CREATE_WITH_BUILD_OVERWRITE
NO_OVERWRITE, OVERWRITE = 4, 8  # of `virStoragePoolBuildFlags`, as creation's flags and the driver number them


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[str]:
    """A loop device of 64 MiB."""
    if os.geteuid() != 0:
        pytest.skip("needs root, for a loop device")
    program = needs("losetup", "util-linux")
    image = tmp_path / "disk"
    with image.open("wb") as file:
        file.truncate(64 * MIB)
    made = subprocess.run([program, "--find", "--show", "--partscan", image], capture_output=True, text=True)
    if made.returncode != 0:
        pytest.skip(f"no loop device to be had: {made.stderr.strip()}")
    device = made.stdout.strip()
    yield device
    subprocess.run([program, "--detach", device], check=True)


def pool_xml(type_: str, device: str, format_: str, target: str) -> str:
    source = f"<device path='{device}'/><format type='{format_}'/>"
    return f"<pool type='{type_}'><name>d</name><source>{source}</source><target><path>{target}</path></target></pool>"


def test_a_file_system_is_made_mounted_and_let_go_of(store: Store, loop: str) -> None:
    needs("mkfs.ext4", "e2fsprogs")
    driver, folder = store.driver, store.folder / "mnt"
    pool = driver.storage_pool_define_xml(pool_xml("fs", loop, "ext4", str(folder)), 0)
    driver.storage_pool_build(pool, OVERWRITE)
    driver.storage_pool_create(pool, 0)
    try:
        assert folder.is_mount()
        assert driver.storage_pool_get_info(pool)[1] < 64 * MIB
        store.volume(pool, "v", MIB)
        assert store.names(pool) == ["lost+found", "v"]
    finally:
        driver.storage_pool_destroy(pool)
    assert not folder.is_mount()
    assert "already" in refused(driver.storage_pool_build, pool, NO_OVERWRITE).message.lower()
    driver.storage_pool_create(pool, 0)
    names = store.names(pool)
    driver.storage_pool_destroy(pool)
    assert names == ["lost+found", "v"]


def test_partitions_of_a_disk_are_volumes(store: Store, loop: str) -> None:
    needs("parted", "parted")
    driver, name = store.driver, os.path.basename(loop)
    pool = driver.storage_pool_define_xml(pool_xml("disk", loop, "gpt", "/dev"), 0)
    driver.storage_pool_build(pool, OVERWRITE)
    driver.storage_pool_create(pool, 0)
    assert store.names(pool) == []
    wrong = refused(store.volume, pool, "mine", 8 * MIB, "none").message
    assert f"invalid partition name 'mine', expected '{name}p1'" in wrong
    assert store.names(pool) == []
    vol = store.volume(pool, f"{name}p1", 8 * MIB, "linux")
    assert store.capacity(vol) == 8 * MIB
    driver.storage_pool_refresh(pool, 0)
    assert store.names(pool) == [f"{name}p1"]
    driver.storage_vol_delete(vol, 0)
    assert store.names(pool) == []
    driver.storage_pool_destroy(pool)


def test_a_dos_table_has_logical_partitions_once_the_primary_ones_are_in_use(store: Store, loop: str) -> None:
    needs("parted", "parted")
    driver, name = store.driver, os.path.basename(loop)
    pool = driver.storage_pool_define_xml(pool_xml("disk", loop, "dos", "/dev"), 0)
    driver.storage_pool_create(pool, CREATE_OVERWRITE)
    for number, content in ((1, "linux"), (2, "linux"), (3, "linux"), (4, "extended"), (5, "linux")):
        size = 16 * MIB if content == "extended" else MIB
        store.volume(pool, f"{name}p{number}", size, content, allocation=size)
    assert store.names(pool) == [f"{name}p{number}" for number in range(1, 6)]
    driver.storage_vol_delete(driver.storage_vol_lookup_by_name(pool, f"{name}p5"), 0)
    assert f"expected '{name}p5'" in refused(store.volume, pool, f"{name}p6", MIB, "linux").message
    driver.storage_pool_destroy(pool)


def test_partitions_that_are_made_at_once_are_all_there(store: Store, loop: str) -> None:
    needs("parted", "parted")
    driver, name = store.driver, os.path.basename(loop)
    pool = driver.storage_pool_define_xml(pool_xml("disk", loop, "gpt", "/dev"), 0)
    driver.storage_pool_create(pool, CREATE_OVERWRITE)

    def make(number: int) -> str:
        try:
            return store.volume(pool, f"{name}p{number}", MIB, "none").name
        except VirtError as error:
            return error.message

    with ThreadPoolExecutor(4) as threads:
        ends = list(threads.map(make, [1, 2, 3, 4] * 4))
    made = [end for end in ends if end.startswith(name)]
    assert all("invalid partition name" in end or "already" in end for end in ends if end not in made), ends
    driver.storage_pool_refresh(pool, 0)
    assert sorted(made) == store.names(pool)
    driver.storage_pool_destroy(pool)


def test_after_a_kill_a_partition_that_was_being_filled_is_no_more(scratch: Path, loop: str) -> None:
    needs("parted", "parted")
    name = os.path.basename(loop)
    daemon = Daemon(scratch)
    virsh = Virsh(daemon.uri("storage", "/system"))
    virsh("pool-create-as", "files", "dir", "--target", str(scratch / "files"), "--build")
    (scratch / "files" / "base").write_bytes(random.Random(1).randbytes(32 * MIB))
    virsh("pool-refresh", "files")
    virsh("pool-define-as", "d", "disk", "--source-dev", loop, "--source-format", "gpt", "--target", "/dev")
    virsh("pool-build", "d", "--overwrite")
    virsh("pool-start", "d")
    xml = scratch / "v.xml"
    xml.write_text(f"<volume><name>{name}p1</name><capacity>{32 * MIB}</capacity></volume>")

    def notes() -> list[Path]:
        return list((scratch / "lib" / "storage" / "unfinished").glob(f"*{name}p1"))

    with ThreadPoolExecutor(1) as one:
        copy = one.submit(virsh.run, "vol-create-from", "d", str(xml), "base", "--inputpool", "files")
        eventually(lambda: bool(notes()), "the partition to be begun")
        daemon.process.kill()
        daemon.process.wait()
        assert copy.result().returncode != 0
    daemon = Daemon(scratch)
    eventually(lambda: "running" in virsh("pool-info", "d"), "the pool to be active again")
    assert virsh("vol-list", "d").splitlines()[2:] == []
    assert not notes()
    virsh("vol-create-from", "d", str(xml), "base", "--inputpool", "files")
    assert virsh("vol-list", "d").split()[3] == f"{name}p1"
    daemon.stop()
