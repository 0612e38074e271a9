"""Snapshots of new images are deleted: what the images have is written into those behind them, and the rest follows."""

from __future__ import annotations

import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from daemons import needs

DISK = """<disk type='file' device='disk'>
  <driver name='qemu' type='qcow2'/><source file='{path}'/><target dev='vda' bus='virtio'/>
</disk>"""
NAMES = ("a", "b", "c")


@pytest.fixture
def image(host: Any) -> Path:
    """A defined guest `g` with an image that has something in it; the image."""
    needs("qemu-img", "qemu-utils")
    path: Path = host.root / "g.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", str(path), "16M"], check=True)
    written(path, 0)
    host.virsh("define", host.write("g", devices=DISK.format(path=path)))
    return path


def written(image: Path, number: int) -> None:
    """Write a number all over one MiB, whose place is the number."""
    command = f"write -P {number + 1} {number}M 1M"
    subprocess.run(["qemu-io", "-c", command, str(image)], check=True, capture_output=True)


def holds(image: Path, *numbers: int) -> bool:
    """Whether an image, with those behind it, has all that was written."""
    commands = [word for number in numbers for word in ("-c", f"read -P {number + 1} {number}M 1M")]
    said = subprocess.run(["qemu-io", *commands, str(image)], check=False, capture_output=True, text=True)
    return said.returncode == 0 and "verification failed" not in said.stdout


def taken(host: Any, image: Path) -> None:
    """Three snapshots of the guest that is off, each new image with something written into it."""
    for number, name in enumerate(NAMES, 1):
        host.virsh("snapshot-create-as", "g", name, "--disk-only")
        written(image.with_suffix(f".{name}"), number)


def behind(image: Path) -> list[str]:
    """The suffixes of an image and of all behind it, by their headers."""
    command = ["qemu-img", "info", "-U", "--backing-chain", str(image)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [Path(line.split()[1]).suffix[1:] for line in said.splitlines() if line.startswith("image: ")]


def shown(host: Any, *words: str) -> list[str]:
    """The suffixes of the images that a document shows, in its order."""
    root = ET.fromstring(host.virsh(*words))
    domain = root if root.tag == "domain" else root.find("domain")
    return [Path(source.get("file")).suffix[1:] for source in domain.iter("source") if source.get("file")]


@pytest.mark.parametrize("running", [False, True], ids=["off", "running"])
def test_the_middle_one_goes_then_the_newest_then_the_first(host: Any, image: Path, running: bool) -> None:
    virsh = host.virsh
    taken(host, image)
    if running:
        virsh("start", "g")
    virsh("snapshot-delete", "g", "b")
    assert virsh("domstate", "g") == ("running" if running else "shut off")
    assert behind(image.with_suffix(".c")) == ["c", "a", "qcow2"]
    assert not image.with_suffix(".b").exists()
    assert virsh("snapshot-list", "g", "--name", "--topological").split() == ["a", "c"]
    assert virsh("snapshot-parent", "g", "c") == "a"
    assert shown(host, "snapshot-dumpxml", "g", "c") == ["a"]
    assert shown(host, "dumpxml", "g", "--inactive") == ["c"]
    virsh("snapshot-delete", "g", "c")
    assert virsh("snapshot-current", "g", "--name") == "a"
    assert shown(host, "dumpxml", "g", "--inactive") == ["a"]
    host.crash()
    assert shown(host, "dumpxml", "g") == (["a", "qcow2"] if running else ["a"])
    virsh("snapshot-delete", "g", "a")
    assert shown(host, "dumpxml", "g") == shown(host, "dumpxml", "g", "--inactive") == ["qcow2"]
    assert virsh("snapshot-list", "g", "--name") == ""
    assert [path.suffix for path in image.parent.glob("g.*") if path.suffix in (".a", ".b", ".c")] == []
    if running:
        virsh("destroy", "g")
    assert holds(image, 0, 1, 2, 3)


def test_what_cannot_be_deleted_is_refused_and_stays(host: Any, image: Path) -> None:
    virsh = host.virsh
    virsh("snapshot-create-as", "g", "inside")
    taken(host, image)
    children = "deletion of external children disk snapshots not supported"
    assert children in virsh.fails("snapshot-delete", "g", "a", "--children")
    assert children in virsh.fails("snapshot-delete", "g", "inside", "--children-only")
    refused = virsh.fails("snapshot-delete", "g", "c", "--children")
    assert "deletion of external disk snapshots with children not supported" in refused
    refused = virsh.fails("snapshot-delete", "g", "a")
    assert "deleting external snapshot that has internal snapshot as parent not supported" in refused
    virsh("start", "g")
    refused = virsh.fails("snapshot-delete", "g", "inside")
    assert "is not the same as disk image currently used by VM" in refused
    virsh("snapshot-create-as", "g", "over")
    refused = virsh.fails("snapshot-delete", "g", "c")
    assert "deleting external snapshot that has internal snapshot as child not supported" in refused
    mixed = "deletion of external and internal children disk snapshots not supported"
    assert mixed in virsh.fails("snapshot-delete", "g", "a", "--children-only")
    virsh("blockpull", "g", "vda", "--bandwidth", "1")
    refused = virsh.fails("snapshot-delete", "g", "c")
    assert "cannot delete external snapshots when there is another active block job" in refused
    virsh("blockjob", "g", "vda", "--abort")
    assert virsh("snapshot-list", "g", "--name", "--topological").split() == ["inside", "a", "b", "c", "over"]
    assert behind(image.with_suffix(".c")) == ["c", "b", "a", "qcow2"]


def test_one_whose_image_was_taken_out_by_hand_is_only_forgotten(host: Any, image: Path) -> None:
    virsh = host.virsh
    taken(host, image)
    virsh("start", "g")
    virsh("blockcommit", "g", "vda", "--top", str(image.with_suffix(".b")), "--shallow", "--wait")
    assert "could not find base disk source" in virsh.fails("snapshot-delete", "g", "b")
    virsh("snapshot-delete", "g", "b", "--metadata")
    assert virsh("snapshot-list", "g", "--name", "--topological").split() == ["a", "c"]
