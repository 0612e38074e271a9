"""Folders of the host's that a guest has over virtio: each has a server of its own, which begins and ends with it."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from booted import BOOT_WITHIN, READY, console, initrd, kernel

from daemons import eventually

SHARED = "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>"
DESCRIPTIONS = Path("/usr/share/qemu/vhost-user")
MODULES = ("../fs/fuse/fuse", "../fs/fuse/virtiofs")


@pytest.fixture
def serving(host: Any) -> Any:
    """A host with a server of folders."""
    if os.geteuid() != 0:
        pytest.skip("only root serves folders")
    found = [json.loads(path.read_text()) for path in DESCRIPTIONS.glob("*.json")]
    if not any(one["type"] == "fs" for one in found):
        pytest.skip(f"no virtiofsd is described in {DESCRIPTIONS} (Debian 12: apt-get install qemu-system-common)")
    return host


def folder(host: Any, name: str, more: str = "") -> str:
    """A guest's device for a folder of the host's, which is made."""
    path = host.root / name
    path.mkdir(exist_ok=True)
    source = f"<source dir='{path}'/><target dir='{name}'/>"
    return f"<filesystem type='mount'><driver type='virtiofs'/>{more}{source}</filesystem>"


def servers(host: Any) -> dict[str, int]:
    """The servers that run, by their devices."""
    paths = (host.root / "run" / "qemu").glob("*-fs.pid")
    return {path.name.split("-")[-2]: int(path.read_text()) for path in paths}


def runs(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists() and " Z " not in Path(f"/proc/{pid}/stat").read_text()


def test_a_guest_mounts_folders_that_come_and_go_whatever_becomes_of_its_daemon(serving: Any) -> None:
    host, virsh = serving, serving.virsh
    system = f"<kernel>{kernel()}</kernel><initrd>{initrd(host.root / 'initrd', modules=MODULES)}</initrd>"
    starting = f"{system}<cmdline>console=ttyS0 quiet</cmdline>"
    virsh("define", host.write("linux", memory=128, os=starting, devices=folder(host, "one"), more=SHARED))
    (host.root / "one" / "greeting").write_text("hello")
    virsh("start", "linux", "--paused")
    with console(virsh.uri, "linux") as end:
        virsh("resume", "linux")
        end.wait(READY, BOOT_WITHIN)

    def ask(command: str) -> str:
        with console(virsh.uri, "linux") as end:
            return end.ask(command)

    assert ask("mkdir /one /two; mount -t virtiofs one /one && cat /one/greeting") == "hello"
    host.crash()
    device = host.root / "two.xml"
    device.write_text(folder(host, "two"))
    virsh("attach-device", "linux", str(device))
    first, second = servers(host)["fs0"], servers(host)["fs1"]
    eventually(lambda: "two" in ask("cat /sys/fs/virtiofs/*/tag 2>/dev/null; mount -t virtiofs two /two; mount"), "it")
    ask("echo from the guest > /two/answer; sync")
    assert (host.root / "two" / "answer").read_text() == "from the guest\n"
    host.crash()
    ask("umount /two")
    virsh("detach-device", "linux", str(device))
    eventually(lambda: not runs(second) and list(servers(host)) == ["fs0"], "the second server to end")
    assert ask("cat /one/greeting") == "hello"
    virsh("destroy", "linux")
    assert not runs(first)
    assert not servers(host)


def test_a_server_is_told_what_the_definition_says_and_is_shown_there(serving: Any) -> None:
    virsh = serving.virsh
    told = "<binary xattr='on'><cache mode='none'/><lock posix='off' flock='on'/><thread_pool size='2'/></binary>"
    virsh("create", serving.write("g", devices=folder(serving, "a,b", told), more=SHARED))
    words = Path(f"/proc/{servers(serving)['fs0']}/cmdline").read_text().split("\0")
    path = str(serving.root / "a,b").replace(",", "\\,")
    assert f"source={path},cache=none,xattr,flock,no_posix_lock" in words
    assert "--thread-pool-size=2" in words
    assert "<binary path='/" in virsh("dumpxml", "g")
    with open(f"/proc/{serving.pid('g')}/cgroup") as guest, open(f"/proc/{servers(serving)['fs0']}/cgroup") as server:
        assert guest.read() == server.read()
    assert "migrat" in virsh.fails("save", "g", str(serving.root / "g.save"))
    assert "migrat" in virsh.fails("dump", "g", str(serving.root / "g.core"))


def test_a_server_that_ends_alone_is_told_of_in_the_log_and_its_guest_goes_on(serving: Any) -> None:
    virsh = serving.virsh
    virsh("create", serving.write("g", devices=folder(serving, "one"), more=SHARED))
    os.kill(servers(serving)["fs0"], signal.SIGKILL)
    told = "the helper of g's device fs0 has ended by itself"
    eventually(lambda: told in serving.daemon.log.read_text(), "a line in the log")
    assert virsh("domstate", "g") == "running"


def test_what_a_folder_needs_is_said_when_it_is_missing(serving: Any) -> None:
    virsh = serving.virsh
    device = folder(serving, "one")
    assert "'virtiofs' requires shared memory" in virsh.fails("define", serving.write("g", devices=device))
    other = device.replace("<source", "<binary path='/nonexistent'/><source")
    virsh("define", serving.write("g", devices=other, more=SHARED))
    assert "virtiofsd binary '/nonexistent' is not executable" in virsh.fails("start", "g")
    virsh("define", serving.write("h", devices=device, more=SHARED))
    (serving.root / "one").rmdir()
    assert f"the virtiofs export directory '{serving.root}/one' does not exist" in virsh.fails("start", "h")
    assert not servers(serving)
    serving.config += f'[driver.qemu]\nvhost_user_folders = ["{serving.root}/none"]\n'
    serving.crash()
    assert "Unable to find a satisfying virtiofsd" in virsh.fails("start", "h")
