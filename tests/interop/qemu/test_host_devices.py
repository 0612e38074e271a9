"""Devices of the host's: what a host that has none says, and guests that may do without."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from virtloom.driver.hostdevs import Host

VHOST_VSOCK = Path("/dev/vhost-vsock")

PCI = """<hostdev mode='subsystem' type='pci' managed='yes'>{driver}
<source><address domain='0' bus='0xfe' slot='1' function='0'/></source></hostdev>"""
NO_USB = "" if Path("/sys/bus/usb/devices").exists() else "cannot open directory '/sys/bus/usb/devices'"
USB = """<hostdev mode='subsystem' type='usb'><source{policy}>{source}</source></hostdev>"""
PRODUCT = "<vendor id='0xfffe'/><product id='0xfffd'/>"
MDEV = """<hostdev mode='subsystem' type='mdev' model='vfio-pci'>
<source><address uuid='c2177883-f1bb-47f0-914d-32a22e3a8804'/></source></hostdev>"""
SCSI = """<hostdev mode='subsystem' type='scsi' managed='{managed}'><source><adapter name='scsi_host99'/>
<address bus='0' target='0' unit='1'/></source></hostdev>"""


@pytest.mark.parametrize(
    ("device", "detail"),
    [
        (PCI.format(driver="<driver name='kvm'/>"), "host doesn't support legacy PCI passthrough"),
        (USB.format(policy="", source=PRODUCT), NO_USB or "Did not find USB device fffe:fffd"),
        (USB.format(policy="", source="<address bus='250' device='9'/>"), NO_USB or "Did not find USB device bus:250"),
        (
            "<tpm><backend type='passthrough'><device path='/nonexistent'/></backend></tpm>",
            "Could not open TPM device /nonexistent",
        ),
        (SCSI.format(managed="yes"), "SCSI host device doesn't support managed mode"),
        (SCSI.format(managed="no"), "cannot open directory '/sys/bus/scsi/devices/99:0:0:1/scsi_generic'"),
    ],
)
def test_a_guest_does_not_start_without_what_it_must_have(host: Any, device: str, detail: str) -> None:
    host.virsh("define", host.write("g", devices=device))
    assert detail in host.virsh.fails("start", "g")
    assert host.virsh("domstate", "g") == "shut off"


def test_a_host_that_keeps_no_devices_apart_gives_none_away(host: Any) -> None:
    if Host().gives_pci:
        pytest.skip("this host gives devices away")
    virsh = host.virsh
    for driver, what in (("", "passthrough of host PCI devices"), ("<driver name='vfio'/>", "VFIO PCI passthrough")):
        virsh("define", host.write("g", devices=PCI.format(driver=driver)))
        assert f"host doesn't support {what}" in virsh.fails("start", "g")
        virsh("undefine", "g")
    if not Host().has_vfio:
        virsh("define", host.write("h", devices=MDEV))
        assert "Mediated host device assignment requires VFIO support" in virsh.fails("start", "h")
    virsh("create", host.write("i"))
    (host.root / "device.xml").write_text(PCI.format(driver=""))
    assert "host doesn't support passthrough" in virsh.fails("attach-device", "i", str(host.root / "device.xml"))


def test_a_guest_starts_without_a_device_that_is_optional(host: Any) -> None:
    devices = USB.format(policy=" startupPolicy='optional'", source=PRODUCT)
    host.virsh("create", host.write("g", devices=devices))
    assert "missing='yes'" in host.virsh("dumpxml", "g")
    host.crash()
    host.virsh("destroy", "g")


def test_a_host_without_the_socket_family_says_so_when_a_guest_wants_it(host: Any) -> None:
    if VHOST_VSOCK.exists():
        pytest.skip("this host has it")
    virsh, device = host.virsh, "<vsock model='virtio'><cid auto='yes'/></vsock>"
    assert "unable to open vhost-vsock device" in virsh.fails("create", host.write("g", devices=device))
    virsh("create", host.write("h"))
    (host.root / "device.xml").write_text(device)
    assert "unable to open vhost-vsock device" in virsh.fails("attach-device", "h", str(host.root / "device.xml"))
    assert "vsock" not in virsh("dumpxml", "h")
