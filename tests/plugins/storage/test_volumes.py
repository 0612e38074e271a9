"""Volumes of a dir pool: made, copied, resized, wiped, deleted; whole or not at all."""

from __future__ import annotations

import pytest
from stores import MIB, Store, refused, volume_xml

from daemons import needs, where_installed
from virtloom.errors import ErrorCode
from virtloom_storage.images.wiping import ALGORITHMS

ALLOCATE, DELTA, SHRINK = 1, 2, 4
FORMATS = ["raw", "qcow2"]


@pytest.mark.parametrize("format_", FORMATS)
def test_a_volume_is_made_found_by_all_its_names_and_deleted(store: Store, format_: str) -> None:
    if format_ != "raw":
        needs("qemu-img", "qemu-utils")
    driver, pool = store.driver, store.pool()
    vol = store.volume(pool, "v", 4 * MIB, format_)
    assert driver.storage_vol_lookup_by_name(pool, "v") == vol
    assert driver.storage_vol_lookup_by_key(vol.key) == driver.storage_vol_lookup_by_path(vol.key) == vol
    assert driver.storage_pool_lookup_by_volume(vol) == pool
    assert store.capacity(vol) == 4 * MIB
    assert f"<format type='{format_}'/>" in driver.storage_vol_get_xml_desc(vol, 0)
    assert refused(driver.storage_vol_create_xml, pool, volume_xml("v"), 0).code is ErrorCode.STORAGE_VOL_EXIST
    driver.storage_vol_delete(vol, 0)
    assert refused(driver.storage_vol_lookup_by_name, pool, "v").code is ErrorCode.NO_STORAGE_VOL
    assert list((store.folder / "p").iterdir()) == []


@pytest.mark.parametrize("format_", FORMATS)
def test_a_copy_in_another_pool_is_its_own(store: Store, format_: str) -> None:
    if format_ != "raw":
        needs("qemu-img", "qemu-utils")
    one, two = store.pool("one"), store.pool("two")
    vol = store.volume(one, "v", 2 * MIB, format_)
    if format_ == "raw":
        store.file(vol).write_bytes(b"data" + bytes(2 * MIB - 4))
    copy = store.driver.storage_vol_create_xml_from(two, volume_xml("c", 1, format_), vol, 0)
    assert store.capacity(copy) == 2 * MIB  # never less than the original
    store.driver.storage_vol_delete(vol, 0)
    assert store.file(copy).read_bytes()[:4] == (b"data" if format_ == "raw" else b"QFI\xfb")


def test_the_options_of_qcow2_reach_the_image(store: Store) -> None:
    needs("qemu-img", "qemu-utils")
    pool = store.pool()
    base = store.volume(pool, "base", MIB, "qcow2")
    more = f"<backingStore><path>{base.key}</path><format type='qcow2'/></backingStore>"
    options = "<format type='qcow2'/><compat>1.1</compat><clusterSize unit='KiB'>8</clusterSize>"
    options += "<features><lazy_refcounts/></features>"
    document = volume_xml("v", MIB, "qcow2", more=more).replace(
        "<format type='qcow2'/></target>", options + "</target>"
    )
    store.driver.storage_vol_create_xml(pool, document, 0)
    store.driver.storage_pool_refresh(pool, 0)
    text = store.driver.storage_vol_get_xml_desc(store.driver.storage_vol_lookup_by_name(pool, "v"), 0)
    assert f"<path>{base.key}</path>" in text
    assert "<lazy_refcounts/>" in text
    assert "<clusterSize unit='B'>8192</clusterSize>" in text


@pytest.mark.parametrize("format_", FORMATS)
def test_a_volume_grows_and_shrinks_only_when_told(store: Store, format_: str) -> None:
    if format_ != "raw":
        needs("qemu-img", "qemu-utils")
    driver, vol = store.driver, store.volume(store.pool(), "v", 4 * MIB, format_)
    driver.storage_vol_resize(vol, 8 * MIB, 0)
    assert store.capacity(vol) == 8 * MIB
    assert "shrink" in refused(driver.storage_vol_resize, vol, 6 * MIB, 0).message
    driver.storage_vol_resize(vol, 2 * MIB, DELTA | SHRINK)
    driver.storage_vol_resize(vol, MIB, DELTA)
    assert store.capacity(vol) == 7 * MIB


def test_a_resize_with_allocation_takes_the_room(store: Store) -> None:
    vol = store.volume(store.pool(), "v", MIB)
    store.driver.storage_vol_resize(vol, 2 * MIB, ALLOCATE)
    assert store.driver.storage_vol_get_info_flags(vol, 0)[1:] == (2 * MIB, 2 * MIB)
    assert "below existing allocation" in refused(store.driver.storage_vol_resize, vol, MIB, SHRINK).message


def test_a_resize_beyond_what_the_pool_has_is_refused(store: Store) -> None:
    vol = store.volume(store.pool())
    error = refused(store.driver.storage_vol_resize, vol, 1 << 60, ALLOCATE)
    assert "Not enough space left in storage pool" in error.message
    assert store.capacity(vol) == MIB


@pytest.mark.parametrize("allocation", [0, MIB])
def test_a_wiped_volume_reads_as_zeros_and_keeps_its_size(store: Store, allocation: int) -> None:
    vol = store.volume(store.pool(), "v", MIB, allocation=allocation)
    with store.file(vol).open("r+b") as image:
        image.write(b"secret")
    store.driver.storage_vol_wipe_pattern(vol, 0, 0)
    assert store.file(vol).read_bytes() == bytes(MIB)


@pytest.mark.parametrize("algorithm", [name for name in ALGORITHMS if name not in ("zero", "trim")])
def test_every_algorithm_that_scrub_has_overwrites_all_of_a_volume(store: Store, algorithm: str) -> None:
    where_installed("scrub", "scrub")
    vol = store.volume(store.pool(), "v", 8192)
    store.file(vol).write_bytes(b"secret!!" * 1024)
    store.driver.storage_vol_wipe_pattern(vol, ALGORITHMS.index(algorithm), 0)
    assert b"secret!!" not in store.file(vol).read_bytes()
    assert store.file(vol).stat().st_size == 8192


@pytest.mark.parametrize(("algorithm", "told"), [(9, "'trim' algorithm not supported"), (10, "wiping algorithm 10")])
def test_an_algorithm_that_there_is_not_is_refused(store: Store, algorithm: int, told: str) -> None:
    vol = store.volume(store.pool())
    assert told in refused(store.driver.storage_vol_wipe_pattern, vol, algorithm, 0).message


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (volume_xml("a/b"), "cannot contain '/'"),
        (volume_xml("v", format_="moon"), "unknown volume format type moon"),
        ("<volume><capacity>1</capacity></volume>", "name"),
        (volume_xml("v", 1 << 62, allocation=1 << 62), ""),
    ],
)
def test_what_cannot_be_made_leaves_nothing(store: Store, document: str, told: str) -> None:
    pool = store.pool()
    assert told in refused(store.driver.storage_vol_create_xml, pool, document, 0).message
    assert store.names(pool) == list((store.folder / "p").iterdir()) == []
