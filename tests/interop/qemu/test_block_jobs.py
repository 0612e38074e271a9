"""Block jobs of a real guest, seen with virsh; those that go on while the daemon is killed are found again."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from daemons import eventually, needs

DISK = """<disk type='file' device='disk'>
  <driver name='qemu' type='qcow2'/><source file='{path}'/><target dev='vda' bus='virtio'/>
</disk>"""


@pytest.fixture
def image(host: Any) -> Path:
    """A running guest `g` with an image that has something in it; the image."""
    needs("qemu-img", "qemu-utils")
    path: Path = host.root / "g.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", str(path), "16M"], check=True)
    subprocess.run(["qemu-io", "-c", "write -P 7 0 8M", str(path)], check=True, capture_output=True)
    host.virsh("define", host.write("g", devices=DISK.format(path=path)))
    host.virsh("start", "g")
    return path


def overlay(host: Any, image: Path, *names: str) -> None:
    """Put images on top of one another."""
    for name in names:
        where = f"vda,file={image.with_suffix('.' + name)}"
        host.virsh("snapshot-create-as", "g", name, "--disk-only", "--no-metadata", "--diskspec", where)


def images(host: Any, *options: str) -> list[str]:
    """The names of the images of the disk's chain, the first one first."""
    xml = host.virsh("dumpxml", "g", *options, "--xpath", "//disk//source/@file")
    return [Path(line.split('"')[1]).suffix.lstrip(".") for line in xml.splitlines() if '"' in line]


def test_a_chain_is_committed_and_pulled_away(host: Any, image: Path) -> None:
    virsh = host.virsh
    overlay(host, image, "a", "b", "c")
    assert images(host) == ["c", "b", "a", "qcow2"]
    virsh("blockcommit", "g", "vda", "--top", str(image.with_suffix(".b")), "--base", "vda[1]", "--wait")
    assert images(host) == ["c", "qcow2"]
    assert "requires active flag" in virsh.fails("blockcommit", "g", "vda")
    assert "Successfully pivoted" in virsh("blockcommit", "g", "vda", "--active", "--wait", "--pivot")
    assert images(host) == images(host, "--inactive") == ["qcow2"]
    overlay(host, image, "d")
    virsh("blockpull", "g", "vda", "--wait")
    assert images(host) == images(host, "--inactive") == ["d"]


def test_a_copy_goes_on_while_the_daemon_is_killed_and_takes_the_disks_place(host: Any, image: Path) -> None:
    virsh, copy = host.virsh, image.with_suffix(".copy")
    assert "domain is not transient" in virsh.fails("blockcopy", "g", "vda", str(copy))
    virsh("blockcopy", "g", "vda", str(copy), "--transient-job", "--wait")
    assert "ready='yes'" in virsh("dumpxml", "g")
    assert "already in active block job" in virsh.fails("blockcopy", "g", "vda", "/x", "--transient-job")
    assert "domain has active block job" in virsh.fails("save", "g", str(host.root / "saved"))
    host.crash()
    assert "ready='yes'" in virsh("dumpxml", "g")
    virsh("blockjob", "g", "vda", "--pivot")
    assert images(host) == images(host, "--inactive") == ["copy"]
    assert "does not have an active block job" in virsh.fails("blockjob", "g", "vda", "--abort")
    assert "No current block job" in virsh("blockjob", "g", "vda")


def test_a_job_that_ends_while_no_daemon_is_there_is_dealt_with_by_the_next(host: Any, image: Path) -> None:
    virsh = host.virsh
    overlay(host, image, "a")
    virsh("blockpull", "g", "vda", "--bandwidth", "4")
    assert "Block Pull" in virsh("blockjob", "g", "vda", "--raw")
    assert images(host) == ["a", "qcow2"]
    host.crash()
    eventually(lambda: images(host) == ["a"], "the pull to end")


def test_a_job_is_slowed_down_and_aborted_and_leaves_the_disk_as_it_was(host: Any, image: Path) -> None:
    virsh = host.virsh
    overlay(host, image, "a")
    virsh("blockpull", "g", "vda", "--bandwidth", "1")
    virsh("blockjob", "g", "vda", "--bandwidth", "2")
    assert "bandwidth=2" in virsh("blockjob", "g", "vda", "--raw")
    assert "not ready for pivot yet" in virsh.fails("blockjob", "g", "vda", "--pivot")
    refused = virsh.fails("snapshot-create-as", "g", "s", "--disk-only", "--no-metadata")
    assert "already in active block job" in refused
    virsh("blockjob", "g", "vda", "--abort")
    assert images(host) == ["a", "qcow2"]


def test_a_copy_that_cannot_be_leaves_nothing(host: Any, image: Path) -> None:
    virsh = host.virsh
    there = image.with_suffix(".there")
    there.write_text("something")
    copy = ("blockcopy", "g", "vda", "--transient-job", "--dest")
    assert "already exists and is not a block device" in virsh.fails(*copy, str(there))
    assert "failed to create copy target" in virsh.fails(*copy, str(host.root / "nowhere" / "x"))
    assert "missing destination file" in virsh.fails(*copy, str(host.root / "none"), "--reuse-external")
    assert there.read_text() == "something"
    assert "mirror" not in virsh("dumpxml", "g")


def test_a_disk_is_resized_while_the_guest_runs(host: Any, image: Path) -> None:
    host.virsh("blockresize", "g", "vda", "20M")
    assert "20971520" in host.virsh("domblkinfo", "g", "vda")
    assert "was not found in the domain config" in host.virsh.fails("blockresize", "g", "vdq", "20M")
