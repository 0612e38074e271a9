"""What a guest gets for a disk whose image is not there, by libvirt's table."""

from __future__ import annotations

import pytest
from emulated import emulator, guest

from virtloom.errors import ErrorCode, VirtError
from virtloom_qemu.runs.given.missing import missing
from virtloom_qemu.storage.chain import with_chain

DISK = "<disk device='{device}'><source file='/none'{policy}/><target dev='{dev}'/></disk>"
REFUSED, EMPTY, NONE = "refused", "empty", "none"


@pytest.mark.parametrize(
    ("policy", "device", "cold", "warm"),
    [
        (None, "disk", REFUSED, REFUSED),
        (None, "cdrom", REFUSED, REFUSED),
        ("mandatory", "disk", REFUSED, REFUSED),
        ("mandatory", "cdrom", REFUSED, REFUSED),
        ("requisite", "cdrom", REFUSED, EMPTY),
        ("requisite", "floppy", REFUSED, EMPTY),
        ("optional", "cdrom", EMPTY, EMPTY),
        ("optional", "floppy", EMPTY, EMPTY),
        ("optional", "disk", NONE, REFUSED),
    ],
)
def test_a_policy_decides(policy: str | None, device: str, cold: str, warm: str) -> None:
    dev = {"disk": "vda", "cdrom": "hda", "floppy": "fda"}[device]
    given = "" if policy is None else f" startupPolicy='{policy}'"
    definition = guest(DISK.format(device=device, policy=given, dev=dev))
    (disk,) = definition.parts.disks
    for is_cold, expected in ((True, cold), (False, warm)):
        found = missing(disk, cold=is_cold)
        if found is None:
            assert expected == REFUSED
            continue
        assert expected == (NONE if found.instead is None else EMPTY)
        alias = {"disk": "virtio-disk0", "cdrom": "ide0-0-0", "floppy": "fdc0-0-0"}[device]
        assert found.told(definition, emulator()) == ("/none", None, alias, 1 if expected == NONE else 0)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("<disk><source file='/a' startupPolicy='requisite'/><target dev='vda'/></disk>", "only for cdrom or floppy"),
        ("<disk><source file='/a' startupPolicy='default'/><target dev='vda'/></disk>", "attribute 'startupPolicy' in"),
        (
            "<disk type='network'><source protocol='nbd' startupPolicy='optional'><host name='h'/></source>"
            "<target dev='vda'/></disk>",
            "disk startupPolicy 'optional' is not allowed for disk of 'network' type",
        ),
    ],
)
def test_a_policy_that_cannot_be_is_refused(document: str, message: str) -> None:
    with pytest.raises(VirtError, match=message) as caught:
        guest(document)
    assert caught.value.code is ErrorCode.XML_ERROR


def test_an_image_is_needed_whatever_is_said_to_be_behind_it() -> None:
    definition = guest("<disk><source file='/none'/><backingStore/><target dev='vda'/></disk>")
    with pytest.raises(VirtError, match="Cannot access storage file '/none'"):
        with_chain(definition.parts.disks[0])
