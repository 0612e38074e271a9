"""Domains: representative documents as libvirt reads and writes them."""

from __future__ import annotations

import pytest
from guests import HEAD, RULES, UUID, document, guest, lines
from hypothesis import given
from hypothesis import strategies as st

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.defaults.disks import disk_index
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.formatting import format_domain

MINIMAL = f"""<domain type='test'>
  <name>guest</name>
  <uuid>{UUID}</uuid>
  <memory unit='KiB'>65536</memory>
  <currentMemory unit='KiB'>65536</currentMemory>
  <vcpu placement='static'>1</vcpu>
  <os>
    <type arch='i686'>hvm</type>
    <boot dev='hd'/>
  </os>
  <clock offset='utc'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices/>
</domain>
"""
FULL = """
<emulator>/usr/bin/hv</emulator>
<disk type='file' device='disk'>
  <driver name='qemu' type='qcow2'/><source file='/a.qcow2'/><target dev='vda'/>
</disk>
<disk type='block' device='cdrom'><source dev='/dev/sr0'/><target dev='hdc'/></disk>
<interface type='network'>
  <mac address='52:54:00:00:00:01'/><source network='default'/><model type='virtio'/>
</interface>
<channel type='unix'><target type='virtio' name='agent.0'/></channel>
<console type='pty'/>
<graphics type='vnc' passwd='secret'/>
<hostdev type='pci'><source><address domain='0' bus='6' slot='18' function='1'/></source></hostdev>
<memballoon model='none'/>
"""

# One element in, and how it is written.
FORMS: dict[str, tuple[str, str, list[str]]] = {
    "a disk's bus and place follow from its name": (
        "<disk type='file'><source file='/a'/><target dev='sdb'/></disk>",
        "disk",
        [
            "<disk type='file' device='disk'>",
            "<source file='/a'/>",
            "<target dev='sdb' bus='scsi'/>",
            "<address type='drive' controller='0' bus='0' target='0' unit='1'/>",
            "</disk>",
        ],
    ),
    "a controller that a disk sits on is there": (
        "<disk type='file'><source file='/a'/><target dev='sda'/></disk>",
        "controller",
        ["<controller type='scsi' index='0'/>"],
    ),
    "the numbers of images are for one run": (
        "<disk type='file'><source file='/a' index='3'/><target dev='vda'/></disk>",
        "source",
        ["<source file='/a'/>"],
    ),
    "an iSCSI name means unit 0": (
        "<disk type='network'><source protocol='iscsi' name='iqn.x'/><target dev='vda'/></disk>",
        "source",
        ["<source protocol='iscsi' name='iqn.x/0'/>"],
    ),
    "a console is a serial port": (
        "<console type='pty'/>",
        "serial",
        ["<serial type='pty'>", "<target port='0'/>", "</serial>"],
    ),
    "a serial port is a console": (
        "<serial type='file'><source path='/log'/></serial>",
        "console",
        ["<console type='file'>", "<source path='/log'/>", "<target type='serial' port='0'/>", "</console>"],
    ),
    "a port on the PCI bus is no console": ("<serial type='pty'><target type='pci-serial'/></serial>", "console", []),
    "a PCI address has all its digits": (
        "<rng model='virtio'><backend model='random'/><address type='pci' bus='0' slot='5'/></rng>",
        "address",
        ["<address type='pci' bus='0x00' slot='0x05' domain='0x0000' function='0x0'/>"],
    ),
    "a VNC port is chosen at the start": (
        "<graphics type='vnc'/>",
        "graphics",
        ["<graphics type='vnc' port='-1' autoport='yes'>", "<listen type='address'/>", "</graphics>"],
    ),
    "a Spice display without ports listens nowhere": (
        "<graphics type='spice'/>",
        "graphics",
        ["<graphics type='spice'>", "<listen type='none'/>", "</graphics>"],
    ),
    "a display's first listen is its attribute": (
        "<graphics type='vnc' port='5901'><listen type='address' address='127.0.0.1'/></graphics>",
        "graphics",
        [
            "<graphics type='vnc' port='5901' autoport='no' listen='127.0.0.1'>",
            "<listen type='address' address='127.0.0.1'/>",
            "</graphics>",
        ],
    ),
    "a display has a card": (
        "<graphics type='vnc'/>",
        "model",
        ["<model type='default' heads='1' primary='yes'/>"],
    ),
    "a card's memory is a power of two": (
        "<video><model type='qxl' vram='9000'/></video>",
        "model",
        ["<model type='qxl' ram='65536' vram='16384' heads='1' primary='yes'/>"],
    ),
    "a mouse is the PC's": ("<input type='mouse'/>", "input", ["<input type='mouse' bus='ps2'/>"]),
    "smart cards sit in the slots of a reader": (
        "<smartcard mode='host'/>",
        "smartcard",
        ["<smartcard mode='host'>", "<address type='ccid' controller='0' slot='0'/>", "</smartcard>"],
    ),
    "a source on a socket connects": (
        "<redirdev bus='usb' type='unix'><source path='/s'/></redirdev>",
        "source",
        ["<source mode='connect' path='/s'/>"],
    ),
}

# A mistake, what libvirt says of it, and its code.
MISTAKES: dict[str, tuple[str, ErrorCode, str]] = {
    "a disk without a target": (
        "<disk type='file'><source file='/a'/></disk>",
        ErrorCode.NO_TARGET,
        "missing target information for device /a",
    ),
    "two disks with one target": (
        "<disk><source file='/a'/><target dev='vda'/></disk><disk><source file='/b'/><target dev='vda'/></disk>",
        ErrorCode.XML_ERROR,
        "XML error: target 'vda' duplicated for disk sources '/a' and '/b'",
    ),
    "a disk on a bus of drives with a PCI address": (
        "<disk><source file='/a'/><target dev='hda'/><address type='pci' slot='4'/></disk>",
        ErrorCode.CONFIG_UNSUPPORTED,
        "unsupported configuration: Invalid address type 'pci' for the disk 'hda' with the bus type 'ide'",
    ),
    "a bus that PCI does not have": (
        "<memballoon model='virtio'/><watchdog model='i6300esb'><address type='pci' bus='0x100' slot='1'/></watchdog>",
        ErrorCode.XML_ERROR,
        "XML error: Invalid PCI address bus='0x100', must be <= 0xFF",
    ),
    "a file that is not named": (
        "<serial type='file'/>",
        ErrorCode.INTERNAL_ERROR,
        "internal error: Missing source path attribute for char device",
    ),
    "two primary cards": (
        "<video><model type='vga' primary='yes'/></video><video><model type='vga' primary='yes'/></video>",
        ErrorCode.CONFIG_UNSUPPORTED,
        "unsupported configuration: Only one primary video device is supported",
    ),
    "a disk with nothing in it": (
        "<disk type='file' device='disk'><target dev='vda'/></disk>",
        ErrorCode.NO_SOURCE,
        "missing source information for device vda",
    ),
    "an interface that is plugged in nowhere": (
        "<interface type='bridge'/>",
        ErrorCode.XML_ERROR,
        "XML error: interface type='bridge' requires a 'source' element",
    ),
    "a file system of no kind": (
        "<filesystem type='own'><source dir='/a'/><target dir='/b'/></filesystem>",
        ErrorCode.XML_ERROR,
        "XML error: Invalid value for attribute 'type' in element 'filesystem': 'own'.",
    ),
    "a file system of nothing": (
        "<filesystem type='block'><source dir='/a'/><target dir='/b'/></filesystem>",
        ErrorCode.NO_SOURCE,
        "missing source information for device /b",
    ),
    "a file system that is seen nowhere": (
        "<filesystem><source dir='/a'/></filesystem>",
        ErrorCode.NO_TARGET,
        "missing target information for device /a",
    ),
    "memory of no size": (
        "<filesystem type='ram'><source usage='much'/><target dir='/b'/></filesystem>",
        ErrorCode.XML_ERROR,
        "XML error: cannot parse usage 'much' for RAM filesystem",
    ),
    "USB where there is none": (
        "<controller type='usb' model='none'/><input type='tablet' bus='usb'/>",
        ErrorCode.CONFIG_UNSUPPORTED,
        "unsupported configuration: Can't add USB input device. USB bus is disabled",
    ),
    "a controller twice": (
        "<controller type='scsi' index='0'/><controller type='scsi' index='0'/>",
        ErrorCode.XML_ERROR,
        "XML error: Multiple 'scsi' controllers with index '0'",
    ),
}


def test_what_is_left_out_is_filled_in() -> None:
    assert guest().format() == MINIMAL


@pytest.mark.parametrize(("given", "tag", "written"), FORMS.values(), ids=FORMS)
def test_a_device_is_written_in_one_form(given: str, tag: str, written: list[str]) -> None:
    assert lines(guest(given), tag) == written


@pytest.mark.parametrize(("devices", "code", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_refused_in_libvirts_words(devices: str, code: ErrorCode, message: str) -> None:
    with pytest.raises(VirtError) as caught:
        guest(devices)
    assert (caught.value.code, caught.value.message) == (code, message)


def test_a_domain_has_a_name() -> None:
    with pytest.raises(VirtError) as caught:
        RULES.parse("<domain type='test'><os><type>hvm</type></os></domain>")
    assert (caught.value.code, caught.value.domain) == (ErrorCode.NO_NAME, ErrorDomain.DOMAIN)


def test_a_name_is_no_path() -> None:
    with pytest.raises(VirtError) as caught:
        guest(head=HEAD.replace("guest", "a/b"))
    assert caught.value.message == "XML error: name a/b cannot contain '/'"


def test_a_driver_runs_only_what_it_can() -> None:
    with pytest.raises(VirtError) as caught:
        guest(os="<type arch='alpha'>hvm</type>")
    assert caught.value.domain is ErrorDomain.CAPABILITIES
    assert "could not find capabilities for arch=alpha domaintype=test" in caught.value.message


def test_memory_may_come_from_the_cells() -> None:
    cells = "<cell id='1' cpus='1' memory='2' unit='MiB'/><cell id='0' cpus='0' memory='1024'/>"
    domain = guest(head="<name>guest</name><vcpu>2</vcpu>", more=f"<cpu><numa>{cells}</numa></cpu>")
    assert domain.memory == 3 * 1024
    assert lines(domain, "cell") == [
        "<cell id='0' cpus='0' memory='1024' unit='KiB'/>",
        "<cell id='1' cpus='1' memory='2048' unit='KiB'/>",
    ]


def test_distances_hold_both_ways() -> None:
    cells = (
        "<cell cpus='0' memory='1024'><distances><sibling id='1' value='21'/></distances></cell>"
        "<cell cpus='1' memory='1024'/>"
    )
    siblings = lines(guest(more=f"<cpu><numa>{cells}</numa></cpu>"), "sibling")
    assert siblings == [
        "<sibling id='0' value='10'/>",
        "<sibling id='1' value='21'/>",
        "<sibling id='0' value='21'/>",
        "<sibling id='1' value='10'/>",
    ]


def test_a_processors_model_is_matched_exactly() -> None:
    domain = guest(
        more="<cpu><feature name='vmx'/><model>core2duo</model><topology sockets='1' cores='2' threads='1'/></cpu>"
    )
    assert lines(domain, "cpu") == [
        "<cpu mode='custom' match='exact'>",
        "<model fallback='allow'>core2duo</model>",
        "<topology sockets='1' cores='2' threads='1' dies='1'/>",
        "<feature name='vmx' policy='require'/>",
        "</cpu>",
    ]


@pytest.mark.parametrize("devices", [FULL, *(given for given, _, _ in FORMS.values())])
def test_a_domain_that_is_written_reads_as_it_was(devices: str) -> None:
    domain = guest(devices)
    assert RULES.parse(domain.format(secure=True)) == domain


def test_passwords_are_shown_to_the_owner_only() -> None:
    domain = guest(FULL)
    assert "secret" not in domain.format()
    assert "passwd='secret'" in domain.format(secure=True)


def test_a_running_domain_shows_its_number() -> None:
    running = guest().replace(id=7)
    assert format_domain(running).startswith("<domain type='test' id='7'>")
    assert format_domain(running, inactive=True) == MINIMAL
    assert format_domain(guest(), id=7) == format_domain(running)


def test_only_aliases_that_a_user_gave_outlive_the_run() -> None:
    domain = guest("<input type='mouse'><alias name='ua-mine'/></input><input type='keyboard'/>")
    mouse, keyboard = domain.parts.inputs
    live = domain.with_devices(inputs=(mouse, keyboard.replace(alias=Node("alias", {"name": "input1"}))))
    assert "input1" in format_domain(live)
    assert "input1" not in format_domain(live, inactive=True)
    assert "ua-mine" in format_domain(live, inactive=True)


def test_one_device_is_read_as_part_of_a_domain() -> None:
    domain = guest(FULL)
    kind, disk = RULES.parse_device("<disk type='file'><source file='/b'/><target dev='sda'/></disk>", domain)
    assert (kind, disk.path, disk.target.bus, disk.address.type) == ("disk", "/b", "scsi", "drive")


def test_a_device_of_no_known_kind_is_refused() -> None:
    with pytest.raises(VirtError) as caught:
        RULES.parse_device("<toaster/>", guest())
    assert caught.value.message == "unsupported configuration: unknown device type 'toaster'"


@pytest.mark.parametrize(
    ("name", "index"), [("vda", 0), ("sdb", 1), ("hdz", 25), ("vdaa", 26), ("sda1", 0), ("x", None)]
)
def test_a_disks_name_has_a_number(name: str, index: int | None) -> None:
    assert disk_index(name) == index


@given(st.text(max_size=30))
def test_only_the_projects_errors_leave_for_a_strange_name(name: str) -> None:
    text = document().replace("guest", name.replace("&", "").replace("<", ""))
    try:
        domain: Domain | None = RULES.parse(text)
    except VirtError:
        domain = None
    assert domain is None or RULES.parse(domain.format()) == domain
