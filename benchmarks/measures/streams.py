"""Volumes carried through virsh: bytes a second up and down, whole and sparse, beside libvirtd in the same run."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.report.results import Row, Tell
from benchmarks.targets import Target, libvirtd, virtloomd

MIB = 1 << 20
SIZE = 256 * MIB
ROUNDS = 3
LOADS = {
    "upload": ["vol-upload", "v", "{data}"],
    "download": ["vol-download", "v", "{out}"],
    "upload sparse": ["vol-upload", "w", "{holes}", "--sparse"],
    "download sparse": ["vol-download", "w", "{out}", "--sparse"],
}


def measure(tell: Tell, only: str = "") -> None:
    """The throughput of each load."""
    with tempfile.TemporaryDirectory(prefix="vlb-") as name, virtloomd() as ours, libvirtd() as theirs:
        folder = Path(name)
        _make_files(folder)
        targets = [ours] if theirs is None else [ours, theirs]
        found = _measured(targets, folder)
    for load in LOADS:
        tell(Row(load, 1, "MiB/s", found[load, ours.name], theirs and found[load, theirs.name]))


def _make_files(folder: Path) -> None:
    """One file full of data, and one of which every other MiB is a hole."""
    with (folder / "data").open("wb") as full, (folder / "holes").open("wb") as sparse:
        for number in range(SIZE // MIB):
            piece = os.urandom(MIB)
            full.write(piece)
            sparse.seek(MIB, os.SEEK_CUR) if number % 2 else sparse.write(piece)
        sparse.truncate(SIZE)


def _measured(targets: list[Target], folder: Path) -> dict[tuple[str, str], float]:
    """MiB a second by load and target: the median of rounds in which the targets take turns."""
    seconds: dict[tuple[str, str], list[float]] = {}
    for target in targets:
        (folder / target.name).mkdir()
        _virsh(target, "pool-create-as", target.name, "dir", "--target", str(folder / target.name))
        for volume in ("v", "w"):  # the second one is for what has holes
            _virsh(target, "vol-create-as", target.name, volume, f"{SIZE}b")
    for _ in range(ROUNDS):
        for load, words in LOADS.items():
            for target in targets:
                paths = {name: folder / name for name in ("data", "holes", "out")}
                argv = [word.format(**paths) for word in words]
                started = time.perf_counter()
                _virsh(target, *argv, "--pool", target.name)
                seconds.setdefault((load, target.name), []).append(time.perf_counter() - started)
    for target in targets:
        _virsh(target, "pool-destroy", target.name)
    return {key: SIZE / MIB / statistics.median(taken) for key, taken in seconds.items()}


def _virsh(target: Target, *words: str) -> None:
    uri = f"storage+unix:///system?socket={target.socket}"
    subprocess.run(["virsh", "-q", "-c", uri, *words], check=True, stdout=subprocess.DEVNULL)
