"""Merged and huge pages, on a host that is made of files."""

from __future__ import annotations

from pathlib import Path

import pytest

from virtloom.driver.node import memory, topology
from virtloom.driver.node.memory import NodeMemory
from virtloom.driver.params import uint
from virtloom.errors import ErrorCode, VirtError


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    merged, pool = tmp_path / "ksm", tmp_path / "node0" / "hugepages" / "hugepages-2048kB"
    merged.mkdir()
    pool.mkdir(parents=True)
    for name, value in {"pages_to_scan": 100, "sleep_millisecs": 20, "pages_shared": 7}.items():
        (merged / name).write_text(f"{value}\n")
    (pool / "nr_hugepages").write_text("3\n")
    monkeypatch.setattr(memory, "MERGED", merged)
    monkeypatch.setattr(memory, "CELLS", tmp_path)
    monkeypatch.setattr(topology, "cells", lambda: [topology.Cell(0, 1024, 512, (10,), ())])
    monkeypatch.setattr(topology, "page_sizes", lambda: [4, 2048])
    return tmp_path


def pool(host: Path) -> int:
    return int((host / "node0" / "hugepages" / "hugepages-2048kB" / "nr_hugepages").read_text())


def test_merged_pages_are_told_as_far_as_the_kernel_tells(host: Path) -> None:
    told = {one.name: one.value for one in NodeMemory().node_get_memory_parameters(0)}
    assert told == {"shm_pages_to_scan": 100, "shm_sleep_millisecs": 20, "shm_pages_shared": 7}


def test_what_may_be_set_is_set_or_nothing_is(host: Path) -> None:
    node = NodeMemory()
    node.node_set_memory_parameters([uint("shm_pages_to_scan", 50)], 0)
    assert (host / "ksm" / "pages_to_scan").read_text() == "50"
    with pytest.raises(VirtError, match="'shm_merge_across_nodes' is not supported by this kernel"):
        node.node_set_memory_parameters([uint("shm_pages_to_scan", 9), uint("shm_merge_across_nodes", 1)], 0)
    assert (host / "ksm" / "pages_to_scan").read_text() == "50"
    with pytest.raises(VirtError):
        node.node_set_memory_parameters([uint("shm_pages_shared", 9)], 0)


def test_a_pool_gets_so_many_pages_or_so_many_more(host: Path) -> None:
    node = NodeMemory()
    assert node.node_alloc_pages([2048], [5], 0, 1, 1) == 1
    assert pool(host) == 5
    assert node.node_alloc_pages([2048], [2], 0, 1, 0) == 1
    assert pool(host) == 7


@pytest.mark.parametrize(
    ("size", "cell", "code", "said"),
    [
        (4, 0, ErrorCode.OPERATION_UNSUPPORTED, "system pages pool can't be modified"),
        (1048576, 0, ErrorCode.OPERATION_FAILED, "page size 1048576 is not available on node 0"),
        (2048, 1, ErrorCode.INTERNAL_ERROR, "start cell 1 out of range"),
    ],
)
def test_pools_that_there_are_not(host: Path, size: int, cell: int, code: ErrorCode, said: str) -> None:
    with pytest.raises(VirtError, match=said) as refused:
        NodeMemory().node_alloc_pages([size], [1], cell, 1, 0)
    assert refused.value.code is code
    assert pool(host) == 3
