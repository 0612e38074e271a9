"""Many at once on two pools: nothing lost, nothing left over, sums right; and a daemon that is killed at its work."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from stores import MIB, Store, volume_xml

from daemons import Daemon, Virsh, eventually
from virtloom.driver.handles import StoragePoolHandle, StorageVolHandle
from virtloom.errors import ErrorCode, VirtError

THREADS, VOLUMES = 16, 25  # volumes for each thread
BLOCK = 4096


class Crowd:
    """One of those who work at once; each knows what it made and what must be there."""

    def __init__(self, store: Store, pools: list[StoragePoolHandle], number: int) -> None:
        self.store, self.pools, self.number = store, pools, number
        self.chance = random.Random(number)
        self.sizes: dict[StorageVolHandle, int] = {}

    def work(self) -> dict[StorageVolHandle, int]:
        """Make, copy, resize, fill and delete; what is left, with its capacity in bytes."""
        for number in range(VOLUMES):
            self.make(f"v{self.number}-{number}")
            self.chance.choice((self.resize, self.fill, self.delete, lambda: None))()
        return self.sizes

    def make(self, name: str) -> None:
        pool = self.chance.choice(self.pools)
        if self.sizes and self.chance.random() < 0.4:
            original = self.any()
            size = self.sizes[original]
            vol = self.store.driver.storage_vol_create_xml_from(pool, volume_xml(name, size), original, 0)
        else:
            size = BLOCK * self.chance.randint(1, 16)
            vol = self.store.volume(pool, name, size, allocation=self.chance.choice((0, size)))
        self.sizes[vol] = size

    def any(self) -> StorageVolHandle:
        return self.chance.choice(list(self.sizes))

    def resize(self) -> None:
        vol = self.any()
        self.store.driver.storage_vol_resize(vol, self.sizes[vol] + BLOCK, 0)
        self.sizes[vol] += BLOCK

    def fill(self) -> None:
        sink = self.store.upload(self.any())
        sink.write(b"x" * BLOCK)
        sink.finish()

    def delete(self) -> None:
        vol = self.any()
        self.store.driver.storage_vol_delete(vol, 0)
        del self.sizes[vol]


def test_what_sixteen_made_at_once_is_there_and_nothing_else(store: Store) -> None:
    pools = [store.pool("one"), store.pool("two")]
    with ThreadPoolExecutor(THREADS) as threads:
        crowds = [threads.submit(Crowd(store, pools, number).work) for number in range(THREADS)]
        wanted = {vol: size for crowd in crowds for vol, size in crowd.result(120).items()}
    assert {vol: store.capacity(vol) for vol in wanted} == wanted
    for pool in pools:
        names = sorted(vol.name for vol in wanted if vol.pool == pool.name)
        assert store.names(pool) == names == sorted(path.name for path in (store.folder / pool.name).iterdir())
        view = store.driver._view(pool)
        assert view.claims == ()
        store.driver.storage_pool_refresh(pool, 0)
        assert store.names(pool) == names
        store.driver.storage_pool_destroy(pool)


def test_of_those_who_want_one_name_one_gets_it_and_one_deletes_it(store: Store) -> None:
    pool = store.pool()

    def outcome(number: int) -> object:
        try:
            if number % 2:
                store.volume(pool, "v", BLOCK)
            else:
                store.driver.storage_vol_delete(StorageVolHandle("p", "v", f"{store.folder}/p/v"), 0)
        except VirtError as error:
            return error.code
        return "made" if number % 2 else "deleted"

    with ThreadPoolExecutor(THREADS) as threads:
        ends = Counter(threads.map(outcome, range(200)))
    refusals = set(ends) - {"made", "deleted"}
    known = {ErrorCode.STORAGE_VOL_EXIST, ErrorCode.NO_STORAGE_VOL, ErrorCode.OPERATION_INVALID}
    assert refusals <= known
    assert ends["made"] - ends["deleted"] == len(store.names(pool)) == len(list((store.folder / "p").iterdir()))


@pytest.mark.parametrize("begun", [1, 3])
def test_after_a_kill_every_copy_is_whole_or_absent(scratch: Path, begun: int) -> None:
    daemon = Daemon(scratch)
    virsh, folder = Virsh(daemon.uri("storage", "/system")), scratch / "p"
    virsh("pool-define-as", "p", "dir", "--target", str(folder))
    virsh("pool-build", "p")
    data = random.Random(1).randbytes(64 * MIB)
    (folder / "base").write_bytes(data)
    virsh("pool-start", "p")
    with ThreadPoolExecutor(4) as threads:
        copies = [threads.submit(virsh.run, "vol-clone", "base", f"v{number}", "--pool", "p") for number in range(4)]
        eventually(lambda: len(list(folder.iterdir())) > begun, "copies that have begun")
        daemon.process.kill()
        daemon.process.wait()
    told = {f"v{number}" for number, copy in enumerate(copies) if copy.result().returncode == 0}
    daemon = Daemon(scratch)
    listed = {line.split()[0] for line in virsh("vol-list", "p").splitlines()[2:]}
    daemon.stop()
    assert {"base"} | told <= listed == {path.name for path in folder.iterdir()}
    assert all(path.read_bytes() == data for path in folder.iterdir())
