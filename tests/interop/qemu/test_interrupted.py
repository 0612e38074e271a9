"""The daemon is killed in the middle of long work on a guest: what the next one makes of it, by the kind of work."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from daemons import eventually, needs


def test_a_dump_of_memory_goes_on_and_the_guest_at_its_end(host: Any) -> None:
    virsh, pipe = host.virsh, host.root / "core"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    virsh("define", host.write("g"))
    virsh("start", "g")
    dumping = threading.Thread(target=virsh.run, args=("dump", "g", str(pipe), "--memory-only"))
    dumping.start()
    eventually(lambda: virsh("domstate", "g") == "paused", "the dump to begin")
    eventually(lambda: "Dump" in virsh("domjobinfo", "g"), "the dump to be told of")
    host.crash()
    dumping.join(30)
    assert virsh("domstate", "g") == "paused"
    os.set_blocking(reader, True)
    while os.read(reader, 1 << 20):
        pass
    os.close(reader)
    eventually(lambda: virsh("domstate", "g", "--reason") == "running (unpaused)", "the guest to go on")


def test_a_save_is_given_up_and_the_guest_goes_on(slow: Any) -> None:
    virsh, path = slow.virsh, slow.root / "saved"
    saving = threading.Thread(target=virsh.run, args=("save", "g", str(path)))
    saving.start()
    eventually(lambda: "Operation:        Save" in virsh("domjobinfo", "g"), "the save to begin")
    eventually(lambda: '"state": 3' in (slow.root / "run" / "qemu" / "g.json").read_text(), "the pause to be kept")
    slow.crash()
    (slow.root / "go").touch()  # a compressor that reads nothing keeps QEMU from giving up
    saving.join(30)
    eventually(lambda: virsh("domstate", "g", "--reason") == "running (save canceled)", "the guest to go on again")
    assert "incomplete" in virsh.fails("restore", str(path))
    virsh("suspend", "g")
    virsh("save", "g", str(slow.root / "again"))


DISK = "<disk><driver name='qemu' type='qcow2'/><source file='{path}'/><target dev='vda' bus='virtio'/></disk>"


class Held:
    """A guest `g` with a disk, whose monitor can be stopped at a command.

    :ivar image: its image; :ivar other: one that it does not have.
    """

    def __init__(self, host: Any) -> None:
        self.host, self.virsh = host, host.virsh
        self.folder = Path(host.root) / "held"
        self.folder.mkdir()
        emulator = self.folder / "qemu"
        shutil.copy(Path(__file__).with_name("interposed.py"), emulator)
        emulator.chmod(0o755)
        self.image, self.other = self._image("one"), self._image("two")
        text = Path(host.write("g", devices=DISK.format(path=self.image))).read_text()
        document = Path(host.root) / "g.xml"
        document.write_text(text.replace("/usr/bin/qemu-system-x86_64", str(emulator)))
        self.virsh("define", str(document))

    def _image(self, name: str) -> Path:
        needs("qemu-img", "qemu-utils")
        path = Path(self.host.root) / f"{name}.qcow2"
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", str(path), "4M"], check=True)
        return path

    def killed_at(self, when: str, command: str, *words: str) -> None:
        """Have virsh do something, and the daemon killed at a command; another daemon is there afterwards."""
        (self.folder / "hold").write_text(f"{when} {command}")
        doing = threading.Thread(target=self.virsh.run, args=words)
        doing.start()
        eventually((self.folder / "held").exists, f"the monitor to be asked for {command}")
        self.host.crash()
        doing.join(30)

    def opened(self) -> set[str]:
        """The images that the guest's process has open."""
        folder = Path(f"/proc/{self.host.pid('g')}/fd")
        links = (os.readlink(one) for one in folder.iterdir() if one.is_symlink())
        return {link for link in links if Path(link).parent == self.host.root}

    def shown(self) -> set[str]:
        """The images that its definition shows."""
        told = self.virsh("dumpxml", "g", "--xpath", "//disk//source/@file")
        return {line.split('"')[1] for line in told.splitlines() if '"' in line}


@pytest.fixture
def held(host: Any) -> Held:
    return Held(host)


SAVE = ("save", "g", "{root}/saved")
DUMP = ("dump", "g", "{root}/core")
CORE = (*DUMP, "--memory-only")
MEMORY = ("snapshot-create-as", "g", "s", "--memspec", "{root}/memory", "--diskspec", "vda,file={root}/over")
DISKS = ("snapshot-create-as", "g", "s", "--disk-only", "--diskspec", "vda,file={root}/over")
INSIDE = ("snapshot-create-as", "g", "s")
ATTACH = ("attach-disk", "g", "{root}/two.qcow2", "vdb", "--subdriver", "qcow2")
COPY = ("blockcopy", "g", "vda", "{root}/copy", "--transient-job")


@pytest.mark.parametrize(
    ("words", "when", "command"),
    [
        (SAVE, "after", "stop"),
        (SAVE, "before", "migrate"),
        (DUMP, "after", "migrate"),
        (CORE, "before", "dump-guest-memory"),
        (MEMORY, "after", "transaction"),
        (DISKS, "before", "transaction"),
        (INSIDE, "after", "human-monitor-command"),
        (ATTACH, "after", "blockdev-add"),
        (ATTACH, "after", "device_add"),
        (COPY, "after", "blockdev-mirror"),
    ],
    ids=lambda part: part[0] if isinstance(part, tuple) else part,
)
def test_a_guest_goes_on_and_is_what_is_shown(held: Held, words: tuple[str, ...], when: str, command: str) -> None:
    virsh = held.virsh
    virsh("start", "g")
    held.killed_at(when, command, *(word.format(root=held.host.root) for word in words))
    eventually(lambda: virsh("domstate", "g") == "running", "the guest to go on")
    assert held.opened() == held.shown()
    if words[0].startswith("block"):
        virsh("blockjob", "g", "vda", "--abort")  # QEMU's goes on, and is found again
    virsh("suspend", "g")
    virsh("save", "g", f"{held.host.root}/later")


@pytest.mark.parametrize("state", ["running", "shut off"])
@pytest.mark.parametrize(
    ("name", "when", "command"),
    [
        ("middle", "before", "block-commit"),
        ("middle", "before", "job-finalize"),
        ("middle", "after", "job-finalize"),
        ("newest", "after", "block-commit"),
        ("newest", "before", "job-complete"),
        ("newest", "after", "job-complete"),
    ],
)
def test_a_snapshot_that_was_being_deleted_is_deleted_by_another_try(
    held: Held, state: str, name: str, when: str, command: str
) -> None:
    virsh = held.virsh
    for one in ("middle", "newest"):
        virsh("snapshot-create-as", "g", one, "--disk-only")
    if state == "running":
        virsh("start", "g")
    held.killed_at(when, command, "snapshot-delete", "g", name)
    eventually(lambda: virsh("domstate", "g") == state, "the guest to be as it was")
    assert "mirror" not in virsh("dumpxml", "g")
    assert name in virsh("snapshot-list", "g", "--name").split()
    if state == "running":
        assert held.opened() == held.shown()
    virsh("snapshot-delete", "g", name)
    assert name not in virsh("snapshot-list", "g", "--name").split()
    assert f".{name}'" not in virsh("dumpxml", "g")
    if state == "running":
        virsh("destroy", "g")
    virsh("start", "g")


@pytest.mark.parametrize(("when", "command"), [("before", "qmp_capabilities"), ("after", "cont")])
def test_a_start_is_undone(held: Held, when: str, command: str) -> None:
    held.killed_at(when, command, "start", "g")
    eventually(lambda: held.virsh("domstate", "g") == "shut off", "the start to be undone")
    assert not list((held.host.root / "lib" / "qemu").glob("domain-*"))
    held.virsh("start", "g")


def test_a_restore_is_undone_and_its_image_is_whole(held: Held) -> None:
    virsh, image = held.virsh, f"{held.host.root}/saved"
    virsh("start", "g")
    virsh("save", "g", image)
    held.killed_at("after", "migrate-incoming", "restore", image)
    eventually(lambda: virsh("domstate", "g") == "shut off", "the restore to be undone")
    virsh("restore", image)
    assert virsh("domstate", "g") == "running"
