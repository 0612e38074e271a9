"""A pool's life: what each step does, what it refuses, what it tells, and what a restart finds."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from stores import MIB, Store, drained, kept, refused

from virtloom.driver.handles import StoragePoolHandle
from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.storage.volume import Volume

DEFINED, UNDEFINED, STARTED, STOPPED, CREATED, DELETED = ((0, (number, 0)) for number in range(6))
REFRESHED = (1, ())


def test_a_pool_lives_and_leaves_nothing(store: Store) -> None:
    driver, pool = store.driver, store.pool()
    assert (driver.storage_pool_is_active(pool), driver.storage_pool_is_persistent(pool)) == (True, True)
    assert [entry.name for entry in driver.connect_list_all_storage_pools(0)] == ["p"]
    assert driver.storage_pool_lookup_by_target_path(f"{store.folder}/p") == pool
    assert driver.storage_pool_get_info(pool)[0] == 2  # running
    driver.storage_pool_destroy(pool)
    assert "is not active" in refused(driver.storage_pool_refresh, pool, 0).message
    driver.storage_pool_delete(pool, 0)
    assert not (store.folder / "p").exists()
    driver.storage_pool_undefine(pool)
    assert driver.connect_list_all_storage_pools(0) == []
    told = [(event.number, event.payload) for event in store.hosted.events()]
    assert told == [DEFINED, CREATED, STARTED, STOPPED, DELETED, UNDEFINED]


def test_a_pool_that_is_not_kept_ends_with_its_stop(store: Store) -> None:
    (store.folder / "p").mkdir()
    pool = store.driver.storage_pool_create_xml(store.document(), 0)
    assert not store.driver.storage_pool_is_persistent(pool)
    store.driver.storage_pool_destroy(pool)
    assert refused(store.driver.storage_pool_is_active, pool).code is ErrorCode.NO_STORAGE_POOL


def test_a_pool_whose_folder_is_missing_does_not_start_and_stays_defined(store: Store) -> None:
    pool = store.driver.storage_pool_define_xml(store.document(), 0)
    assert "No such file or directory" in refused(store.driver.storage_pool_create, pool, 0).message
    assert not store.driver.storage_pool_is_active(pool)
    assert store.driver.storage_pool_is_persistent(pool)


def test_two_pools_never_get_one_folder(store: Store) -> None:
    store.pool()
    document = store.document().replace("<name>p<", "<name>other<")
    error = refused(store.driver.storage_pool_define_xml, document, 0)
    assert "Storage source conflict with pool: 'p'" in error.message


def test_of_many_who_define_one_folder_at_once_one_gets_it(store: Store) -> None:
    def define(number: int) -> bool:
        document = store.document().replace("<name>p<", f"<name>p{number}<")
        try:
            store.driver.storage_pool_define_xml(document, 0)
        except VirtError:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(define, range(24))) == 1
    assert len(store.driver.connect_list_all_storage_pools(0)) == 1


def test_a_refresh_finds_what_others_put_into_the_folder_and_took_out(store: Store) -> None:
    pool = store.pool()
    store.volume(pool, "gone")
    (store.folder / "p" / "found").write_bytes(b"x" * 4096)
    (store.folder / "p" / "gone").unlink()
    assert store.names(pool) == ["gone"]
    store.driver.storage_pool_refresh(pool, 0)
    assert store.names(pool) == ["found"]
    assert [(event.number, event.payload) for event in store.hosted.events()][-1] == REFRESHED


def test_a_refresh_runs_beside_reads_and_loses_nothing_that_is_made_meanwhile(store: Store) -> None:
    pool = store.pool()
    held = store.volume(pool, "held", allocation=MIB)
    source = store.download(held)
    with ThreadPoolExecutor(4) as threads:
        refreshes = [threads.submit(store.driver.storage_pool_refresh, pool, 0) for _ in range(6)]
        made = [threads.submit(store.volume, pool, f"v{number}", 4096) for number in range(24)]
        for done in refreshes + made:
            done.result(30)
    assert store.names(pool) == sorted(["held", *(f"v{number}" for number in range(24))])
    assert sum(len(piece) for piece in drained(source)) == MIB


def test_a_pool_in_use_is_not_stopped_and_the_error_names_the_volume(store: Store) -> None:
    pool = store.pool()
    source = store.download(store.volume(pool, "wanted"))
    message = refused(store.driver.storage_pool_destroy, pool).message
    assert "pool 'p' has asynchronous jobs running" in message
    assert "on volume 'wanted'" in message
    source.close()
    store.driver.storage_pool_destroy(pool)


def test_a_restart_finds_pools_volumes_and_who_starts_by_itself(tmp_path: Path) -> None:
    with kept(tmp_path) as first:
        running, resting = first.pool("running"), first.pool("resting")
        first.volume(running, "v")
        first.driver.storage_pool_destroy(resting)
        first.driver.storage_pool_set_autostart(resting, 1)
    with kept(tmp_path) as second:
        assert second.driver.storage_pool_lookup_by_name("running") == running
        assert second.names(running) == ["v"]
        assert not second.driver.storage_pool_is_active(resting)  # autostart is once a boot
        assert second.driver.storage_pool_get_autostart(resting)
    (tmp_path / "run" / "storage").rename(tmp_path / "before-the-boot")
    with kept(tmp_path) as third:
        assert third.driver.storage_pool_is_active(resting)
        assert not third.driver.storage_pool_is_active(running)


def test_what_a_killed_daemon_left_half_made_is_swept_away(tmp_path: Path) -> None:
    with kept(tmp_path) as first:
        pool = first.pool()
        path = Path(first.driver.backends.of("dir").making_path(_volume(first, pool)))
    path.write_bytes(b"half")
    os.utime(path, (0, 0))
    with kept(tmp_path) as second:
        assert second.names(pool) == ["v"]
        assert [entry.name for entry in (tmp_path / "p").iterdir()] == ["v"]


def _volume(store: Store, pool: StoragePoolHandle) -> Volume:
    vol = store.volume(pool)
    return store.driver._entry_of(vol)[1].volume
