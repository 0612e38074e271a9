"""The command line of small guests, by hand: what QEMU is told, and in what order."""

from __future__ import annotations

import json
import shlex
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from emulated import emulator, guest

from virtloom.errors import VirtError
from virtloom_qemu.command import Context, build, prepare, requisites
from virtloom_qemu.command.native import HostLookups, to_native
from virtloom_qemu.runs.given.secrets import wanted_by
from virtloom_qemu.settings import Settings


def argv(devices: str = "", machine: str = "pc", more: str = "", **context: Any) -> list[str]:
    """A guest's arguments."""
    settings = Context(emulator(), Settings(), Path("/lib/qemu"), id=7, **context)
    return build(prepare(guest(devices, machine, more), settings), settings).argv


def values(arguments: list[str], option: str) -> list[str]:
    """Every value of an option."""
    return [value for name, value in pairwise(arguments) if name == f"-{option}"]


def objects(arguments: list[str], option: str) -> list[dict[str, Any]]:
    """Every value of an option whose values are JSON."""
    return [json.loads(value) for value in values(arguments, option)]


class TestGuest:
    def test_is_called_by_its_name_and_starts_stopped(self) -> None:
        found = argv()
        assert found[0].endswith("qemu-system-x86_64")
        assert values(found, "name") == ["guest=web,debug-threads=on"]
        assert "-S" in found

    def test_has_the_machine_by_its_own_name(self) -> None:
        assert values(argv(), "machine")[0].startswith("pc-i440fx-7.2,usb=off")
        assert values(argv(), "accel") == ["tcg"]

    def test_has_whole_mebibytes_of_memory(self) -> None:
        assert values(argv(), "m") == ["256"]

    def test_has_its_monitor_in_the_folder_of_the_run(self) -> None:
        assert "socket,id=charmonitor,path=/lib/qemu/domain-7-web/monitor.sock,server=on,wait=off" in argv()


class TestCharacters:
    PORT = "<serial type='tcp'><source mode='{mode}' host='h' service='5'{tls}/></serial>"

    def test_are_encrypted_with_certificates_of_their_own(self) -> None:
        for mode, end in (("bind", "server"), ("connect", "client")):
            found = argv(self.PORT.format(mode=mode, tls=" tls='yes'"))
            (made,) = [one for one in objects(found, "object") if one["qom-type"] == "tls-creds-x509"]
            assert (made["id"], made["endpoint"], made["verify-peer"]) == ("objcharserial0_tls0", end, True)
            assert values(found, "chardev")[-1].endswith(",tls-creds=objcharserial0_tls0")

    @pytest.mark.parametrize(("said", "encrypted"), [("", True), (" tls='no'", False)])
    def test_that_do_not_say_are_as_the_configuration_says(self, said: str, encrypted: bool) -> None:
        settings = Context(emulator(), Settings(chardev_tls=True), Path("/lib/qemu"))
        live = prepare(guest(self.PORT.format(mode="bind", tls=said)), settings)
        assert ("tls-creds=" in values(build(live, settings).argv, "chardev")[-1]) is encrypted


class TestDisk:
    DISK = """<disk type='file' device='disk'><driver name='qemu' type='qcow2' cache='none'/>
    <source file='/images/a.qcow2'/><target dev='vda' bus='virtio'/></disk>"""

    def test_has_a_node_for_its_bytes_and_one_for_its_format(self) -> None:
        storage, image = objects(argv(self.DISK), "blockdev")
        assert (storage["driver"], storage["filename"]) == ("file", "/images/a.qcow2")
        assert (image["driver"], image["file"]) == ("qcow2", storage["node-name"])
        assert image["cache"] == {"direct": True, "no-flush": False}

    def test_is_a_device_on_its_node(self) -> None:
        found = argv(self.DISK)
        device = next(one for one in objects(found, "device") if one["driver"] == "virtio-blk-pci")
        assert device["drive"] == objects(found, "blockdev")[1]["node-name"]
        assert device["bootindex"] == 1

    def test_of_an_empty_drive_has_no_node(self) -> None:
        found = argv("<disk type='file' device='cdrom'><target dev='hdc' bus='ide'/></disk>")
        assert objects(found, "blockdev") == []
        assert {"driver": "ide-cd", "bus": "ide.1", "unit": 0, "id": "ide0-1-0"} in objects(found, "device")


def test_a_serial_port_on_a_terminal() -> None:
    found = argv("<serial type='pty'/>")
    assert "pty,id=charserial0" in found
    expected = {"driver": "isa-serial", "chardev": "charserial0", "id": "serial0", "index": 0}
    assert expected in objects(found, "device")


def test_an_interface_for_the_user() -> None:
    found = argv("<interface type='user'><mac address='52:54:00:00:00:01'/><model type='virtio'/></interface>")
    assert objects(found, "netdev") == [{"type": "user", "id": "hostnet0"}]
    device = next(one for one in objects(found, "device") if one["driver"] == "virtio-net-pci")
    assert (device["netdev"], device["mac"]) == ("hostnet0", "52:54:00:00:00:01")


def test_descriptors_are_named_where_they_are_given() -> None:
    found = argv("<interface type='bridge'><source bridge='br0'/></interface>", descriptors={"net0": ("31",)})
    assert objects(found, "netdev") == [{"type": "tap", "fd": "31", "id": "hostnet0"}]


def test_commas_in_values_are_doubled() -> None:
    found = argv("<serial type='file'><source path='/log/a,b'/></serial>")
    assert "file,id=charserial0,path=/log/a,,b" in found


def test_a_display_without_graphics_is_none() -> None:
    assert values(argv(), "display") == ["none"]


def test_a_kernel_is_started_without_a_boot_loader() -> None:
    settings = Context(emulator(), Settings(), Path("/lib/qemu"))
    domain = guest()
    assert domain.os is not None
    booting = domain.replace(os=domain.os.replace(kernel="/k", initrd="/i", cmdline="console=ttyS0"))
    found = build(prepare(booting, settings), settings).argv
    started = [values(found, option) for option in ("kernel", "initrd", "append")]
    assert started == [["/k"], ["/i"], ["console=ttyS0"]]


def test_a_command_line_to_read_has_taps_and_ports_of_nobodys() -> None:
    devices = """<interface type='network'><source network='none'/><mac address='52:54:00:00:00:01'/></interface>
    <interface type='user'><mac address='52:54:00:00:00:02'/></interface><graphics type='vnc' autoport='yes'/>"""
    line = to_native(guest(devices), emulator(), Settings())
    assert line.count('"type":"tap"') == 2
    assert '"fd":"3"' in line
    assert '"type":"user"' not in line
    assert "-vnc 127.0.0.1:0" in line


class TestMemory:
    NUMA = "<cpu><numa><cell id='0' cpus='0' memory='131072'/><cell id='1' memory='131072'/>{}</numa></cpu>"
    VCPU = "<vcpu>1</vcpu>"

    def test_of_a_module_is_a_whole_number_of_two_mebibytes(self) -> None:
        more = "<maxMemory slots='2'>1048576</maxMemory>" + self.NUMA.format("")
        module = """<memory model='nvdimm'><source><path>/m</path></source>
        <target><size>3072</size><node>0</node></target></memory>"""
        backing = next(one for one in objects(argv(module, more=more), "object") if one["id"] == "memnvdimm0")
        assert backing["size"] == 4 << 20

    def test_of_a_cell_without_processors_is_reached_from_the_cell_with_the_lowest_latency(self) -> None:
        latency = "<interconnects><latency initiator='0' target='1' type='access' value='5'/></interconnects>"
        nodes = values(argv(more=self.NUMA.format(latency)), "numa")
        assert [node for node in nodes if "initiator=" in node and node.startswith("node")] == [
            "node,nodeid=0,cpus=0,initiator=0,memdev=ram-node0",
            "node,nodeid=1,initiator=0,memdev=ram-node1",
        ]

    def test_on_a_node_that_the_host_does_not_have_is_refused(self) -> None:
        tune = "<numatune><memory mode='strict' nodeset='1023'/></numatune>"
        with pytest.raises(VirtError, match="NUMA node 1023 is unavailable"):
            argv(more=tune + self.NUMA.format(""))


class TestSources:
    NBD = """<disk type='network'><driver name='qemu' type='raw'/>
    <source protocol='nbd' name='x' tls='yes'><host name='h' port='1'/></source><target dev='vda'/></disk>"""
    HTTP = """<disk type='network' device='cdrom'><source protocol='http' name='x'><host name='h'/>
    <cookies><cookie name='a'>b</cookie></cookies></source><target dev='sda' bus='scsi'/></disk>"""

    def test_over_tls_have_their_certificates(self) -> None:
        found = argv(self.NBD)
        certificates = next(one for one in objects(found, "object") if one["qom-type"] == "tls-creds-x509")
        assert certificates["endpoint"] == "client"
        assert objects(found, "blockdev")[0]["tls-creds"] == certificates["id"]

    def test_behind_another_have_a_cache_of_their_own(self) -> None:
        found = argv("""<disk type='file'><driver name='qemu' type='qcow2'/><source file='/a'/><target dev='vda'/>
        <backingStore type='file'><format type='qcow2'><metadata_cache><max_size>4096</max_size></metadata_cache>
        </format><source file='/b'/><backingStore/></backingStore></disk>""")
        assert [one.get("cache-size") for one in objects(found, "blockdev")] == [None, 4096, None, None]

    def test_secrets_are_shown_encrypted(self) -> None:
        definition = guest(self.HTTP)
        shown = to_native(definition, emulator(), Settings(), host=HostLookups(lambda one: one, lambda live: {
            name: wanted.value for name, wanted in wanted_by(live).items()}))  # fmt: skip
        secret = next(one for one in objects(shlex.split(shown), "object") if "cookie" in one["id"])
        assert (secret["keyid"], secret["format"]) == ("masterKey0", "base64")
        assert "a=b" not in shown


class TestHost:
    def test_that_cannot_draw_has_no_display_that_it_draws(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr(requisites, "DISPLAYS", tmp_path / "dri")
        display = "<graphics type='egl-headless'/>"
        with pytest.raises(VirtError, match="cannot open directory"):
            argv(display)
        (tmp_path / "dri").mkdir()
        with pytest.raises(VirtError, match="No DRM render nodes available"):
            argv(display)
        (tmp_path / "dri" / "renderD128").touch()
        assert values(argv(display), "display") == [f"egl-headless,rendernode={tmp_path}/dri/renderD128"]

    def test_has_the_program_that_draws_beside_qemu(self, tmp_path: Path) -> None:
        settings = Settings(vhost_user_folders=[str(tmp_path)])
        context = Context(emulator(), settings, Path("/lib/qemu"), id=7)
        definition = guest("<video><driver name='vhostuser'/><model type='virtio'/></video>")
        with pytest.raises(VirtError, match="Unable to find a satisfying vhost-user-gpu"):
            prepare(definition, context)
        program = tmp_path / "vhost-user-gpu"
        program.touch(0o755)
        (tmp_path / "50-gpu.json").write_text(json.dumps({"type": "gpu", "binary": str(program)}))
        assert prepare(definition, context)

    def test_was_passed_no_descriptors(self) -> None:
        with pytest.raises(VirtError, match="group 'g' was not associated"):
            argv("<disk type='file'><source file='/a' fdgroup='g'/><target dev='vda'/></disk>")
