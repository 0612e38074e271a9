"""A pool whose file system never answers: it harms nobody else, and its own callers are told in time."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from stores import kept, refused

from virtloom.errors import ErrorCode
from virtloom.testkit.hanging import hanging as hang

DEADLINE = 2.0  # seconds that the storage has to answer
THREADS = 4  # that touch one pool's storage


@contextmanager
def hanging(folder: Path) -> Iterator[None]:
    """Every access to a folder hangs, for the length of a block; where that cannot be, the test is skipped."""
    with ExitStack() as stack:
        try:
            stack.enter_context(hang(folder))
        except OSError as error:
            pytest.skip(f"no FUSE to be had: {error}")
        yield


def test_a_pool_that_hangs_delays_no_other_and_still_tells_what_it_knows(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as threads, kept(tmp_path, io_deadline=DEADLINE, query_deadline=0.1) as store:
        driver, dead, alive = store.driver, store.pool("dead"), store.pool("alive")
        vol = store.volume(dead)
        with hanging(tmp_path / "dead"):
            pending = threads.submit(refused, driver.storage_pool_refresh, dead, 0)
            for number in range(20):
                driver.storage_vol_delete(store.volume(alive, f"v{number}"), 0)
                assert driver.storage_vol_lookup_by_path(vol.key) == vol
                assert store.names(dead) == ["v"]
                assert driver.storage_pool_get_info(dead)[0] == 2
                assert "<name>dead</name>" in driver.storage_pool_get_xml_desc(dead, 0)
            assert not pending.done()  # so it was beside one that hung that all this was done
            assert pending.result(60).code is ErrorCode.OPERATION_TIMEOUT
            assert "<name>v</name>" in driver.storage_vol_get_xml_desc(vol, 0)  # the last known figures
            assert driver.storage_pool_is_active(dead)
        driver.storage_pool_refresh(dead, 0)
        assert store.names(dead) == ["v"]


def test_when_all_its_threads_hang_a_pool_refuses_and_the_driver_stops_all_the_same(tmp_path: Path) -> None:
    with ExitStack() as hang, kept(tmp_path, io_deadline=0.2, io_threads=THREADS) as store:
        pool = store.pool("dead")
        hang.enter_context(hanging(tmp_path / "dead"))  # until the driver has stopped
        with ThreadPoolExecutor(THREADS) as threads:
            jobs = [threads.submit(refused, store.volume, pool, f"v{number}") for number in range(THREADS)]
            assert {job.result(60).code for job in jobs} == {ErrorCode.OPERATION_TIMEOUT}
        error = refused(store.volume, pool, "more")
        assert "the storage of pool 'dead' has not answered for" in error.message
        assert store.names(pool) == []
        view = store.driver._view(pool)
        assert (view.claims, view.context.lane.stuck) == ((), THREADS)
