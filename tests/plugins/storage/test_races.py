"""Two clients at one pool, and steps that fail in the middle: nothing of a pool that a client has is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from stores import Store, kept

from daemons import eventually
from gates import Gate
from virtloom.driver.handles import StoragePoolHandle
from virtloom.errors import ErrorCode, VirtError

POOL = "5a5a5a5a-0001-4000-8000-000000000001"


def document(folder: Path, name: str = "p", path: str = "p", uuid: str = f"<uuid>{POOL}</uuid>") -> str:
    return f"<pool type='dir'><name>{name}</name>{uuid}<target><path>{folder}/{path}</path></target></pool>"


def waits(store: Store) -> bool:
    """Whether a call waits for a job on a pool."""
    return any(found.jobs.waiting for found in store.driver.pools)


def uuid_of(pool: StoragePoolHandle) -> UUID:
    return UUID(bytes=pool.uuid)


def full(*given: Any) -> None:
    raise VirtError(ErrorCode.SYSTEM_ERROR, "no space left")


def definitions(store: Store) -> list[str]:
    return [path.name for path in store.hosted.host.dirs.definitions.glob("*.xml")]


def test_who_defines_a_pool_that_is_just_ending_has_one_that_stays(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    (store.folder / "p").mkdir(parents=True)
    pool = store.driver.storage_pool_create_xml(document(store.folder), 0)
    judged, writing = (
        Gate(monkeypatch, store.driver, "_forget_if_nothing"),
        Gate(monkeypatch, store.driver._kept, "write"),
    )
    with ThreadPoolExecutor(2) as threads:
        ending = threads.submit(store.driver.storage_pool_destroy, pool)
        assert judged.reached.wait(20)
        defining = threads.submit(store.driver.storage_pool_define_xml, document(store.folder), 0)
        eventually(lambda: writing.reached.is_set() or waits(store), "the definition is on its way")
        judged.open.set()
        ending.result(20)
        writing.open.set()
        assert defining.result(20) == pool
    assert store.driver.connect_list_all_storage_pools(0) == [pool]
    assert definitions(store) == ["p.xml"]


def test_one_uuid_is_not_given_to_two_names(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch, store.driver._kept, "write")
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(store.driver.storage_pool_define_xml, document(store.folder), 0)
        assert gate.reached.wait(20)
        second = threads.submit(store.driver.storage_pool_define_xml, document(store.folder, "q", "q"), 0)
        eventually(lambda: waits(store), "the second definition waits")
        gate.open.set()
        first.result(20)
        with pytest.raises(VirtError, match=f"pool 'p' is already defined with uuid {POOL}"):
            second.result(20)
    assert definitions(store) == ["p.xml"]


def test_a_definition_that_fails_leaves_the_source_to_the_one_behind_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = store.driver._kept.write
    monkeypatch.setattr(store.driver._kept, "write", full)
    gate = Gate(monkeypatch, store.driver._kept, "write")
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(store.driver.storage_pool_define_xml, document(store.folder), 0)
        assert gate.reached.wait(20)
        second = threads.submit(store.driver.storage_pool_define_xml, document(store.folder, path="r"), 0)
        eventually(lambda: waits(store), "the second definition waits")
        monkeypatch.setattr(store.driver._kept, "write", write)
        gate.open.set()
        with pytest.raises(VirtError, match="no space left"):
            first.result(20)
        second.result(20)
    with pytest.raises(VirtError, match="Storage source conflict with pool: 'p'"):
        store.driver.storage_pool_define_xml(document(store.folder, "other", "r", uuid=""), 0)


def test_a_pool_that_cannot_be_stopped_nor_written_down_serves_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = store.pool()
    with monkeypatch.context() as patched:
        patched.setattr(store.driver._running, "remove", full)
        patched.setattr(store.driver._running, "write", full)
        with pytest.raises(VirtError, match="no space left"):
            store.driver.storage_pool_destroy(pool)
    store.volume(pool)
    assert store.names(pool) == ["v"]
    store.driver.storage_pool_destroy(pool)


def test_a_refresh_that_fails_says_why_even_if_nothing_can_be_written(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = store.pool()
    (store.folder / "p").rmdir()
    monkeypatch.setattr(store.driver._running, "remove", full)
    with pytest.raises(VirtError, match="cannot open directory"):
        store.driver.storage_pool_refresh(pool, 0)
    assert not store.driver.storage_pool_is_active(pool)


def test_a_file_whose_name_is_not_its_pools_is_told_and_left(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with kept(tmp_path) as store:
        store.driver.storage_pool_define_xml(store.document(), 0)
        folder = store.hosted.host.dirs.definitions
    (folder / "p.xml").rename(folder / "copy.xml")
    with kept(tmp_path) as store:
        assert store.driver.connect_list_all_storage_pools(0) == []
    assert "the storage pool 'p' cannot be loaded" in caplog.text
    assert "its file is named 'copy'" in caplog.text
    assert (folder / "copy.xml").exists()


def test_a_pool_that_is_defined_anew_while_its_sizes_are_learnt_stays_so(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = store.pool()
    backend = store.driver.backends.of("dir")
    monkeypatch.setattr(backend, "tracks_sizes", False)
    gate = Gate(monkeypatch, backend, "refresh", after=True)
    with ThreadPoolExecutor(1) as threads:
        making = threads.submit(store.volume, pool)
        assert gate.reached.wait(20)
        store.driver.storage_pool_destroy(pool)
        uuid = f"<uuid>{uuid_of(pool)}</uuid>"
        store.driver.storage_pool_define_xml(document(store.folder, path="elsewhere", uuid=uuid), 0)
        gate.open.set()
        making.result(20)
    assert f"<path>{store.folder}/elsewhere</path>" in store.driver.storage_pool_get_xml_desc(pool, 0)


def test_a_volume_that_is_made_or_deleted_is_so_though_the_pools_sizes_cannot_be_learnt(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = store.pool()
    backend = store.driver.backends.of("dir")
    monkeypatch.setattr(backend, "tracks_sizes", False)
    monkeypatch.setattr(backend, "refresh", full)
    volume = store.volume(pool)
    assert store.names(pool) == ["v"]
    store.driver.storage_vol_delete(volume, 0)
    assert store.names(pool) == []
