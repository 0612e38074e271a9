"""A Linux guest through its whole life, reached by `virsh console`, while its daemon is killed at each step."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from booted import BOOT_WITHIN, READY, console, initrd, kernel

from daemons import eventually, needs

DISK = """<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='{}'/>
<target dev='{}' bus='virtio'/></disk>"""
MARK = 16  # bytes that are written at the beginning of a disk


@pytest.fixture
def linux(host: Any) -> Callable[[str], str]:
    """Runs a command in the shell of a booted guest and returns what it prints."""
    qemu_img = needs("qemu-img", "qemu-utils")
    disk = host.root / "disk.qcow2"
    subprocess.run([qemu_img, "create", "-q", "-f", "qcow2", str(disk), "8M"], check=True, timeout=60)
    host.virsh("define", host.write("linux", memory=128, os=starting(host), devices=DISK.format(disk, "vda")))

    def ask(command: str) -> str:
        with console(host.virsh.uri, "linux") as end:
            return end.ask(command)

    boot(host)
    return ask


def starting(host: Any, words: str = "quiet") -> str:
    """What a guest starts."""
    system = f"<kernel>{kernel()}</kernel><initrd>{initrd(host.root / 'initrd')}</initrd>"
    return f"{system}<cmdline>console=ttyS0 {words}</cmdline>"


def boot(host: Any) -> None:
    """Start the guest, and wait until its shell is there."""
    host.virsh("start", "linux", "--paused")
    with console(host.virsh.uri, "linux") as end:
        host.virsh("resume", "linux")
        end.wait(READY, BOOT_WITHIN)


def write(text: str) -> str:
    return f"printf %-{MARK}s {text} | dd of=/dev/vda bs={MARK} conv=fsync 2>/dev/null"


READ = f"dd if=/dev/vda bs={MARK} count=1 iflag=direct,fullblock 2>/dev/null || head -c {MARK} /dev/vda"


def test_a_guest_lives_on_whatever_becomes_of_its_daemon(host: Any, linux: Callable[[str], str]) -> None:
    virsh = host.virsh
    linux(f"{write('first')}; mood=calm")
    host.crash()
    assert linux("echo $mood") == "calm"

    virsh("save", "linux", str(host.root / "saved"))
    host.crash()
    assert virsh("domstate", "linux") == "shut off"
    virsh("restore", str(host.root / "saved"))
    assert linux("echo $mood") == "calm"

    virsh("snapshot-create-as", "linux", "before")
    host.crash()
    linux(f"{write('second')}; mood=upset")
    assert linux(READ).split() == ["second"]
    virsh("snapshot-revert", "linux", "before")
    host.crash()
    assert linux("echo $mood") == "calm"
    assert linux(f"echo 3 > /proc/sys/vm/drop_caches; {READ}").split() == ["first"]

    extra = host.root / "extra.img"
    extra.write_bytes(bytes(1 << 20))
    virsh("attach-disk", "linux", str(extra), "vdb", "--live")
    card = host.root / "card.xml"
    card.write_text("<interface type='user'><mac address='52:54:00:4c:5a:01'/><model type='e1000'/></interface>")
    virsh("attach-device", "linux", str(card), "--live")
    host.crash()
    assert linux("until test -e /sys/block/vdb; do sleep 1; done; cat /sys/block/vdb/size") == "2048"
    assert "0x8086:0x100e" in linux(
        "cd /sys/bus/pci/devices; for d in *; do cat $d/vendor $d/device | tr '\\n' :; done"
    )
    virsh("detach-disk", "linux", "vdb", "--live")
    virsh("detach-device", "linux", str(card), "--live")
    assert linux("while test -e /sys/block/vdb; do sleep 1; done; ls /sys/block | grep -c vdb") == "0"

    virsh("managedsave", "linux")
    host.crash()
    virsh("start", "linux")
    assert linux("echo $mood") == "calm"
    with console(virsh.uri, "linux") as end:
        end.ask("sync")
        end.type("poweroff -f")
        eventually(lambda: virsh("domstate", "linux", "--reason") == "shut off (shutdown)", "the guest's end", 120)
    raw = host.root / "raw.img"
    subprocess.run(
        ["qemu-img", "convert", "-O", "raw", str(host.root / "disk.qcow2"), str(raw)], check=True, timeout=60
    )
    assert raw.read_bytes()[:MARK].split() == [b"first"]


MODULE = """<memory model='virtio-mem'><target><size unit='MiB'>256</size><node>0</node>
<block unit='MiB'>2</block><requested unit='MiB'>{}</requested></target>{}</memory>"""


def test_a_guest_takes_memory_and_processors_and_gives_them_back(host: Any) -> None:
    virsh, path = host.virsh, Path(host.write("linux", memory=160, os=starting(host, "memhp_default_state=online")))
    roomy = "<maxMemory slots='2' unit='MiB'>1024</maxMemory><vcpu current='1'>3</vcpu><features><acpi/></features>"
    roomy += "<cpu><numa><cell id='0' cpus='0-2' memory='160' unit='MiB'/></numa></cpu>"
    path.write_text(path.read_text().replace("<os>", f"{roomy}<os>", 1))
    virsh("define", str(path))
    boot(host)
    module = host.root / "module.xml"
    with host.events("linux") as heard:
        module.write_text(MODULE.format(128, ""))
        virsh("attach-device", "linux", str(module), "--live")
        eventually(lambda: "<current unit='KiB'>131072</current>" in virsh("dumpxml", "linux"), "the memory", 60)
        eventually(lambda: "alias: virtiomem0\nsize: 131072" in heard(), "the event of it")
    virsh("update-memory-device", "linux", "--requested-size", "0")
    eventually(lambda: "<current unit='KiB'>0</current>" in virsh("dumpxml", "linux"), "the memory to be back", 60)
    assert "163840 KiB" in virsh("dominfo", "linux")
    # Last: once an emulated processor went, QEMU 7.2 ends when anything else comes.
    with console(virsh.uri, "linux") as end:
        for count in ("3", "1"):
            virsh("setvcpus", "linux", count, "--live")
            assert virsh("vcpucount", "linux", "--live", "--active") == count
            end.ask("for one in /sys/devices/system/cpu/cpu*/online; do echo 1 > $one; done")
            assert end.ask("nproc") == count


GATE = """#!/bin/sh
# An emulator that begins only once {count} of them are there: it waits forever for guests that are started in turn.
case "$*" in *guest=*)
    touch {folder}/$$
    while test "$(ls {folder} | wc -l)" -lt {count}; do sleep 0.1; done
esac
exec {emulator} "$@"
"""


def test_guests_that_are_started_at_the_same_time_start_in_parallel(host: Any) -> None:
    count, emulator, folder = 8, needs("qemu-system-x86_64", "qemu-system-x86"), host.root / "gate"
    folder.mkdir()
    gate = host.root / "qemu-gate"
    gate.write_text(GATE.format(count=count, folder=folder, emulator=emulator))
    gate.chmod(0o755)
    names = [f"g{number}" for number in range(count)]
    for name in names:
        path = Path(host.write(name, memory=16))
        path.write_text(path.read_text().replace("/usr/bin/qemu-system-x86_64", str(gate)))
        host.virsh("define", str(path))
    starts = [threading.Thread(target=host.virsh, args=("start", name)) for name in names]
    for one in starts:
        one.start()
    for one in starts:
        one.join(120)
    assert set(host.virsh("list", "--state-running", "--name").split()) == set(names)
