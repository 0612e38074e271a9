"""virsh plugs devices into real guests and out of them; what the guest lets go later is learned when it does."""

from __future__ import annotations

import json
import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from daemons import eventually

DISPLAY = "<graphics type='vnc' autoport='yes' passwd='secret'/>"  # its port is chosen when the run begins
SCSI = "<controller type='scsi' model='virtio-scsi'/><controller type='usb' model='qemu-xhci'/>"


def image(host: Any, name: str) -> str:
    path: Path = host.root / f"{name}.img"
    path.write_bytes(bytes(1 << 20))
    return str(path)


def document(host: Any, name: str, text: str) -> str:
    path: Path = host.root / f"{name}-device.xml"
    path.write_text(text)
    return str(path)


def asked(host: Any, guest: str, command: str, **arguments: Any) -> Any:
    """What the guest's monitor says."""
    message = json.dumps({"execute": command, "arguments": arguments})
    return json.loads(host.virsh("qemu-monitor-command", guest, message))["return"]


def nodes(host: Any, guest: str) -> set[str]:
    return {one["node-name"] for one in asked(host, guest, "query-named-block-nodes")}


def disks(host: Any, guest: str, *options: str) -> str:
    shown: str = host.virsh("domblklist", guest, *options)
    return shown


def test_a_disk_comes_and_goes_now_and_at_the_next_start(host: Any) -> None:
    virsh = host.virsh
    virsh("define", host.write("disky", devices=SCSI))
    virsh("start", "disky")
    before = nodes(host, "disky")
    virsh("attach-disk", "disky", image(host, "a"), "sda", "--targetbus", "scsi", "--live", "--config")
    for options in ((), ("--inactive",)):
        assert "a.img" in disks(host, "disky", *options)
    host.crash()
    assert "a.img" in disks(host, "disky")
    assert "target sda already exists" in virsh.fails(
        "attach-disk", "disky", image(host, "b"), "sda", "--targetbus", "scsi", "--config"
    )
    assert "duplicated for disk sources" in virsh.fails(
        "attach-disk", "disky", image(host, "b"), "sda", "--targetbus", "scsi", "--live"
    )
    assert "No such file" in virsh.fails("attach-disk", "disky", "/nowhere", "sdb", "--targetbus", "scsi", "--live")
    virsh("detach-disk", "disky", "sda", "--live", "--config")
    assert "a.img" not in disks(host, "disky") + disks(host, "disky", "--inactive")
    assert nodes(host, "disky") == before


def test_a_second_image_has_names_of_its_own(host: Any) -> None:
    virsh = host.virsh
    virsh("create", host.write("two", devices=SCSI))
    for name in ("sda", "sdb"):
        virsh("attach-disk", "two", image(host, name), name, "--targetbus", "scsi")
    virsh("detach-disk", "two", "sda")
    virsh("attach-disk", "two", image(host, "sdc"), "sdc", "--targetbus", "scsi")
    shown = virsh("dumpxml", "two", "--xpath", "//disk/source/@index")
    assert len(set(shown.split())) == 2


def test_devices_of_all_kinds_come_with_places_and_names(host: Any) -> None:
    virsh, devices = host.virsh, {
        "rng": "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>",
        "tablet": "<input type='tablet' bus='usb'/>",
        "port": "<channel type='unix'><target type='virtio' name='org.example.0'/></channel>",
        "log": f"<serial type='file'><source path='{host.root}/s.log'/><target type='usb-serial' port='1'/></serial>",
        "card": "<interface type='user'><mac address='52:54:00:00:00:0a'/><model type='virtio'/></interface>",
        "dog": "<watchdog model='i6300esb' action='pause'/>",
        "memory": "<shmem name='vl-test'><model type='ivshmem-plain'/><size unit='M'>1</size></shmem>",
        "bus": "<controller type='scsi' index='3' model='virtio-scsi'/>",
    }  # fmt: skip
    virsh("create", host.write("many", devices=SCSI + "<controller type='virtio-serial'/>" + DISPLAY))
    for name, text in devices.items():
        virsh("attach-device", "many", document(host, name, text))
    shown = virsh("dumpxml", "many")
    for alias in ("rng0", "input2", "channel0", "serial1", "net0", "watchdog0", "shmem0", "scsi3"):
        assert f"<alias name='{alias}'/>" in shown
    socket = virsh("dumpxml", "many", "--xpath", "//channel/source")
    for name in ("tablet", "log", "port"):
        text = devices[name].replace("'unix'>", f"'unix'>{socket}")
        virsh("detach-device", "many", document(host, name, text))
    assert "input2" not in virsh("dumpxml", "many")
    assert not [one for one in asked(host, "many", "query-fdsets") if "serial1" in str(one)]
    host.crash()
    assert "<alias name='watchdog0'/>" in virsh("dumpxml", "many")
    assert virsh("vncdisplay", "many").startswith("127.0.0.1:")


def test_what_qemu_refuses_leaves_nothing_behind(host: Any) -> None:
    virsh = host.virsh
    virsh("create", host.write("strict", devices=SCSI))
    before, chardevs = nodes(host, "strict"), asked(host, "strict", "query-chardev")
    busy = "<disk type='file'><source file='{}'/><target dev='vd{}' bus='virtio'/>" \
           "<address type='pci' domain='0' bus='0' slot='9' function='0'/></disk>"  # fmt: skip
    virsh("attach-device", "strict", document(host, "first", busy.format(image(host, "a"), "a")))
    kept = nodes(host, "strict")
    said = virsh.fails("attach-device", "strict", document(host, "second", busy.format(image(host, "b"), "b")))
    assert "0000:00:09.0" in said or "already" in said
    fails = "<serial type='stdio'><target type='usb-serial'/></serial>"
    assert "Hotplug unsupported" in virsh.fails("attach-device", "strict", document(host, "stdio", fails))
    assert nodes(host, "strict") == kept > before
    assert asked(host, "strict", "query-chardev") == chardevs
    refused = virsh.fails("attach-device", "strict", document(host, "sound", "<sound model='ac97'/>"))
    assert "live attach of device 'sound' is not supported" in refused


def test_what_a_device_lacks_of_itself_is_told_before_that_its_place_is_taken(host: Any) -> None:
    host.virsh("define", host.write("ports"))
    for index in ("", "index='0'"):
        port = document(host, "port", f"<controller type='pci' {index} model='pcie-root-port'/>")
        assert "'modelName' is not set" in host.virsh.fails("attach-device", "ports", port, "--config")


def test_a_guest_that_does_not_answer_keeps_its_device_and_that_is_no_error(host: Any) -> None:
    virsh = host.virsh
    virsh("create", host.write("deaf"))
    virsh("attach-disk", "deaf", image(host, "a"), "vda", "--targetbus", "virtio")
    virsh("detach-disk", "deaf", "vda")
    assert "a.img" in disks(host, "deaf")
    virsh("reset", "deaf")  # lets go of what it was asked for
    eventually(lambda: "a.img" not in disks(host, "deaf"), "the disk to go")


def test_a_drive_gets_another_medium_and_none(host: Any) -> None:
    virsh, drive = host.virsh, "<disk type='file' device='cdrom'><target dev='hdc' bus='ide'/></disk>"
    virsh("define", host.write("drive", devices=drive))
    virsh("start", "drive")
    before = nodes(host, "drive")
    virsh("change-media", "drive", "hdc", image(host, "a"), "--insert", "--live", "--config")
    virsh("change-media", "drive", "hdc", image(host, "b"), "--update", "--live")
    assert "b.img" in disks(host, "drive")
    assert "a.img" in disks(host, "drive", "--inactive")
    assert "No such file" in virsh.fails("change-media", "drive", "hdc", "/nowhere", "--update", "--live")
    host.crash()
    assert "b.img" in disks(host, "drive")
    virsh("change-media", "drive", "hdc", "--eject", "--live")
    assert "b.img" not in disks(host, "drive")
    assert nodes(host, "drive") == before


def test_a_cable_is_plugged_out_and_in(host: Any) -> None:
    virsh, mac = host.virsh, "52:54:00:00:00:0a"
    card = f"<interface type='user'><mac address='{mac}'/><model type='virtio'/></interface>"
    virsh("define", host.write("net", devices=card))
    virsh("start", "net")
    virsh("domif-setlink", "net", mac, "down")
    assert virsh("domif-getlink", "net", mac) == f"{mac} down"
    virsh("domif-setlink", "net", mac, "down", "--config")
    virsh("domif-setlink", "net", mac, "up")
    assert virsh("domif-getlink", "net", mac) == f"{mac} up"
    assert virsh("domif-getlink", "net", mac, "--config") == f"{mac} down"
    other = card.replace("virtio", "e1000")
    said = virsh.fails("update-device", "net", document(host, "other", other), "--live")
    assert "cannot modify network device model from virtio to e1000" in said


def test_memory_comes_where_there_is_room(host: Any) -> None:
    virsh = host.virsh
    path = Path(host.write("room"))
    roomy = "<maxMemory slots='2' unit='MiB'>1024</maxMemory><cpu><numa><cell id='0' cpus='0' memory='32' unit='MiB'/>"
    path.write_text(path.read_text().replace("<os>", f"{roomy}</numa></cpu><os>", 1))
    virsh("create", str(path))
    module = "<memory model='dimm'><target><size unit='MiB'>{}</size><node>{}</node></target></memory>"
    virsh("attach-device", "room", document(host, "module", module.format(128, 0)))
    assert "163840 KiB" in virsh("dominfo", "room")
    assert "base='0x100000000'" in virsh("dumpxml", "room")
    assert "guest node '7'" in virsh.fails("attach-device", "room", document(host, "cell", module.format(128, 7)))
    assert "would exceed" in virsh.fails("attach-device", "room", document(host, "large", module.format(4096, 0)))


def test_coming_and_going_is_told(host: Any) -> None:
    virsh, tablet = host.virsh, "<input type='tablet' bus='usb'/>"
    virsh("create", host.write("told", devices=SCSI))
    with host.events("told") as heard:
        virsh("attach-device", "told", document(host, "tablet", tablet))
        virsh("detach-device", "told", document(host, "tablet", tablet))
        eventually(lambda: "device-removed" in heard(), "the event")
    assert "event 'device-added' for domain 'told': input2" in heard()
    assert "event 'device-removed' for domain 'told': input2" in heard()


def test_what_went_while_no_daemon_was_there_is_learned(host: Any) -> None:
    virsh = host.virsh
    virsh("create", host.write("alone"))
    virsh("attach-disk", "alone", image(host, "a"), "vda", "--targetbus", "virtio")
    virsh("detach-disk", "alone", "vda")  # it is asked for, and the guest does not answer
    host.daemon.process.kill()
    host.daemon.process.wait()
    reset_until_it_lets_go(host, "alone")
    host.crash()
    eventually(lambda: "a.img" not in disks(host, "alone"), "the disk to be gone")
    assert not [name for name in nodes(host, "alone") if name.startswith("libvirt-")]


def reset_until_it_lets_go(host: Any, guest: str) -> None:
    """Reset a guest by its monitor, and wait for a device to be gone."""
    [path] = (host.root / "lib" / "qemu").glob(f"domain-*-{guest}/monitor.sock")
    with socket.socket(socket.AF_UNIX) as made:
        made.settimeout(20)
        made.connect(str(path))
        lines = made.makefile("rw")
        for command in ("qmp_capabilities", "system_reset"):
            lines.write(json.dumps({"execute": command}) + "\n")
        lines.flush()
        while json.loads(lines.readline()).get("event") != "DEVICE_DELETED":
            pass


def test_a_guest_that_hangs_while_a_device_comes_holds_up_nobody_and_can_be_ended(host: Any) -> None:
    virsh = host.virsh
    virsh("define", host.write("hung", devices=SCSI))
    virsh("start", "hung")
    os.kill(host.pid("hung"), signal.SIGSTOP)
    words = ["attach-disk", "hung", image(host, "a"), "sda", "--targetbus", "scsi", "--live", "--config"]
    with ThreadPoolExecutor() as pool:
        attaching = pool.submit(virsh.run, *words)
        eventually(host.daemon.jobs, "the call to hold its job")
        assert "sda" not in virsh("dumpxml", "hung")
        virsh("destroy", "hung")
        assert attaching.result().returncode != 0
    assert "a.img" not in disks(host, "hung", "--inactive")
    virsh("start", "hung")
    virsh(*words)
    assert "a.img" in disks(host, "hung")
    assert "a.img" in disks(host, "hung", "--inactive")


def test_what_a_definition_became_by_a_device_is_found_again_after_a_restart(host: Any) -> None:
    """A disk brings a controller that the machine has not: libvirt keeps that, and only a start can tell."""
    virsh, disk = host.virsh, host.root / "disk.xml"
    path = Path(host.write("odd"))
    path.write_text(path.read_text().replace("machine='pc'", "machine='q35'"))
    disk.write_text("<disk type='block' device='disk'><source dev='/dev/null'/><target dev='hda' bus='ide'/></disk>")
    virsh("define", str(path))
    virsh("attach-device", "odd", str(disk), "--config")
    host.crash()
    assert "hda" in virsh("domblklist", "odd")
    virsh("detach-device", "odd", str(disk), "--config")
    assert "hda" not in virsh("domblklist", "odd")
