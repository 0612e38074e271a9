"""File systems and disks for real, on a loop device of the test's own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from stores import MIB, Store, refused

from daemons import needs

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
