"""A container's `/proc/meminfo`: what its control group says, in the host's form."""

from __future__ import annotations

from pathlib import Path

import pytest

from virtloom_lxc.container.controller.meminfo import HOST, meminfo

STAT = {
    1: "cache 4096\nactive_anon 1024\ninactive_anon 2048\nactive_file 3072\ninactive_file 1024\nunevictable 0\n",
    2: "file 4096\nactive_anon 1024\ninactive_anon 2048\nactive_file 3072\ninactive_file 1024\nunevictable 0\n",
}
LEGACY = {"memory.limit_in_bytes": "65536", "memory.usage_in_bytes": "16384"}
UNIFIED = {"memory.max": "65536", "memory.current": "16384"}


def told(folder: Path, version: int, files: dict[str, str]) -> dict[str, int]:
    for name, text in (files | {"memory.stat": STAT[version]}).items():
        (folder / name).write_text(text)
    lines = meminfo(str(folder), version).decode().splitlines()
    return {line.split(":")[0]: int(line.split()[1]) for line in lines}


@pytest.mark.parametrize(("version", "files"), [(1, LEGACY), (2, UNIFIED)])
def test_memory_is_the_container_s(tmp_path: Path, version: int, files: dict[str, str]) -> None:
    own = told(tmp_path, version, files)
    assert (own["MemTotal"], own["MemFree"], own["MemAvailable"], own["Cached"]) == (64, 48, 48, 4)
    assert (own["Active"], own["Inactive(anon)"], own["Inactive(file)"], own["Buffers"]) == (4, 2, 1, 0)


@pytest.mark.parametrize(
    ("version", "files"),
    [
        (1, LEGACY | {"memory.memsw.limit_in_bytes": "98304", "memory.memsw.usage_in_bytes": "24576"}),
        (2, UNIFIED | {"memory.swap.max": "32768", "memory.swap.current": "8192"}),
    ],
)
def test_swap_is_what_its_limit_leaves(tmp_path: Path, version: int, files: dict[str, str]) -> None:
    own = told(tmp_path, version, files)
    assert (own["SwapTotal"], own["SwapFree"]) == (32, 24)


@pytest.mark.parametrize(
    ("version", "files"),
    [(1, LEGACY | {"memory.limit_in_bytes": "9223372036854771712"}), (2, UNIFIED | {"memory.max": "max"})],
)
def test_without_a_limit_it_has_the_host_s_memory(tmp_path: Path, version: int, files: dict[str, str]) -> None:
    total = Path(HOST).read_text().split()[1]
    assert told(tmp_path, version, files)["MemTotal"] == int(total)


def test_lines_are_the_host_s_in_their_order_and_form(tmp_path: Path) -> None:
    told(tmp_path, 1, LEGACY)
    host, own = Path(HOST).read_text().splitlines(), meminfo(str(tmp_path), 1).decode().splitlines()
    assert [line.split(":")[0] for line in own] == [line.split(":")[0] for line in host]
    assert own[0] == "MemTotal:             64 kB"
    assert len(own[0]) == len(host[0])
