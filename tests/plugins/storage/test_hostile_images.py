"""Images that a guest has written: they are shown, and never lead out of what was declared."""

from __future__ import annotations

import struct
import subprocess

import pytest
from stores import MIB, Store, refused, volume_xml

from daemons import needs
from virtloom.errors import ErrorCode

VMDK_HEAD = struct.Struct("<4sIIQQQQ")  # magic, version, flags, capacity, grain, where the descriptor is and its length
DESCRIPTOR = """# Disk DescriptorFile
version=1
CID=fffffffe
parentCID=ffffffff
createType="monolithicFlat"
RW 8 FLAT "{path}" 0
"""


def test_a_hostile_image_is_a_volume_and_its_backing_file_is_not_opened(store: Store) -> None:
    program = needs("qemu-img", "qemu-utils")
    pool = store.pool()
    path = store.folder / "p" / "evil"
    argv = [program, "create", "-q", "-u", "-f", "qcow2", "-b", "/etc/shadow", "-F", "raw", str(path), "1M"]
    subprocess.run(argv, check=True)
    (store.folder / "p" / "torn").write_bytes(b"QFI\xfb\0\0\0\3" + b"\xff" * 60)
    store.driver.storage_pool_refresh(pool, 0)
    assert store.names(pool) == ["evil", "torn"]
    text = store.driver.storage_vol_get_xml_desc(store.driver.storage_vol_lookup_by_name(pool, "evil"), 0)
    backing = text.partition("<backingStore>")[2]
    assert "<path>/etc/shadow</path>" in backing
    assert "<permissions>" not in backing  # that it was never looked at


def test_a_copy_carries_nothing_from_outside_the_pools(store: Store) -> None:
    program = needs("qemu-img", "qemu-utils")
    pool, other = store.pool(), store.pool("other")
    outside = store.folder / "outside"
    outside.write_bytes(b"host's own" + bytes(MIB))
    vol = store.volume(pool, "v", MIB, "qcow2")
    base = store.volume(other, "base", MIB)
    for backing, told in ((outside, "no volume of an active pool"), (base.key, ""), ("none", "none")):
        argv = [program, "create", "-q", "-u", "-f", "qcow2", "-b", str(backing), "-F", "raw", vol.key, "1M"]
        subprocess.run(argv, check=True)  # as a guest may do after the pool was looked at
        document = volume_xml("copy", MIB, "qcow2")
        if backing == base.key:
            store.driver.storage_vol_create_xml_from(pool, document, vol, 0)
            store.driver.storage_vol_delete(store.driver.storage_vol_lookup_by_name(pool, "copy"), 0)
        else:
            refused(store.driver.storage_vol_create_xml_from, pool, document, vol, 0).message.index(told)
        assert store.names(pool) == ["v"]


def flat(path: object) -> bytes:
    """A descriptor of an image whose data is in another file."""
    return DESCRIPTOR.format(path=path).encode().ljust(512, b"\0")


@pytest.mark.parametrize("embedded", [False, True])
def test_an_image_whose_data_is_elsewhere_is_not_followed(store: Store, embedded: bool) -> None:
    """A guest whose disk is a vmdk writes a descriptor over it, or inside a header, that names a file of the host's."""
    needs("qemu-img", "qemu-utils")
    outside = store.folder / "outside"
    outside.write_bytes(b"host's own".ljust(4096))
    pool = store.pool()
    vol = store.volume(pool, "v", MIB, "vmdk")
    head = VMDK_HEAD.pack(b"KDMV", 1, 3, 0, 128, 1, 1).ljust(512, b"\0") if embedded else b""
    store.file(vol).write_bytes(head + flat(outside))
    error = refused(store.driver.storage_vol_create_xml_from, pool, volume_xml("copy", MIB), vol, 0)
    assert error.code is ErrorCode.OPERATION_INVALID
    assert "cannot be copied" in error.message
    assert store.names(pool) == ["v"]
    store.driver.storage_pool_refresh(pool, 0)
    assert str(outside) not in store.driver.storage_vol_get_xml_desc(vol, 0)


def test_an_image_that_cannot_be_read_is_not_copied(store: Store) -> None:
    needs("qemu-img", "qemu-utils")
    pool = store.pool()
    vol = store.volume(pool, "v", MIB, "qcow2")
    store.file(vol).write_bytes(b"QFI\xfb\0\0\0\3" + b"\xff" * 600)
    error = refused(store.driver.storage_vol_create_xml_from, pool, volume_xml("copy", MIB), vol, 0)
    assert "qemu-img cannot tell" in error.message or "in another file" in error.message
