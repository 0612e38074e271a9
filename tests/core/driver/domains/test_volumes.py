"""A disk that names a volume is located through any storage driver's public calls, and shown as it was named."""

from __future__ import annotations

from typing import Any

import pytest

from virtloom.driver.base import StorageDriver
from virtloom.driver.domains.volumes import located
from virtloom.driver.handles import StoragePoolHandle, StorageVolHandle
from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef import document
from virtloom.xmldef.domain.devices import Disk
from virtloom.xmldef.domain.volumes import actual_type, unlocated

ISCSI = """<pool type='{type}'><name>p</name>
<source><host name='far'/><device path='iqn.2026-01.x:y'/>{more}
<auth type='chap' username='me'><secret usage='s'/></auth></source>
<target><path>/dev/disk/by-path</path></target></pool>"""
DIR = "<pool type='dir'><name>p</name><target><path>/pool</path></target></pool>"
RBD = "<pool type='rbd'><name>p</name><source><host name='far'/><name>r</name></source></pool>"


class OnePool(StorageDriver):
    """A storage driver with one pool, which has any volume that is asked for."""

    def __init__(self, pool: str, kind: int = 0, active: bool = True) -> None:
        self.pool, self.kind, self.active = pool, kind, active

    def storage_pool_lookup_by_name(self, name: str) -> StoragePoolHandle:
        return StoragePoolHandle(name, b"p" * 16)

    def storage_pool_is_active(self, pool: StoragePoolHandle) -> bool:
        return self.active

    def storage_pool_get_xml_desc(self, pool: StoragePoolHandle, flags: int) -> str:
        return self.pool

    def storage_vol_lookup_by_name(self, pool: StoragePoolHandle, name: str) -> StorageVolHandle:
        return StorageVolHandle(pool.name, name, name)

    def storage_vol_get_info_flags(self, vol: StorageVolHandle, flags: int) -> tuple[int, int, int]:
        return self.kind, 1, 1

    def storage_vol_get_path(self, vol: StorageVolHandle) -> str:
        return f"/pool/{vol.name}"


def disk(volume: str = "v", more: str = "") -> Disk:
    text = f"<disk type='volume'><source pool='p' volume='{volume}'{more}/><target dev='vda'/></disk>"
    return Disk.read(document.parse(text))


def shown(found: Disk) -> Any:
    node = found.node()
    unlocated(node)
    return node


@pytest.mark.parametrize(("kind", "word"), [(0, "file"), (1, "block"), (2, "dir")])
def test_a_volume_is_what_its_pool_says(kind: int, word: str) -> None:
    found = located(disk(), OnePool(DIR, kind))
    assert (found.type, found.actual_type, found.path) == ("volume", word, "/pool/v")
    assert shown(found) == disk().node()


def test_a_unit_of_a_target_is_a_device_of_the_host_unless_qemu_is_to_reach_it_itself() -> None:
    storage = OnePool(ISCSI.format(type="iscsi", more=""), 1)
    host = located(disk("unit:0:0:3"), storage)
    assert (host.actual_type, host.path, host.source and host.source.get("mode")) == (
        "block",
        "/pool/unit:0:0:3",
        "host",
    )
    direct = located(disk("unit:0:0:3", " mode='direct'"), storage)
    assert direct.source is not None
    assert direct.actual_type == "network"
    assert direct.source.get("name") == "iqn.2026-01.x:y/3"
    assert direct.source.value("host", "port") == "3260"
    assert direct.source.value("auth/secret", "type") == "iscsi"
    assert shown(direct) == disk("unit:0:0:3", " mode='direct'").node()


def test_an_iscsi_direct_volume_brings_its_pools_initiator() -> None:
    pool = ISCSI.format(type="iscsi-direct", more="<initiator><iqn name='iqn.me'/></initiator>")
    found = located(disk("unit:0:0:1"), OnePool(pool, 3))
    assert found.source is not None
    assert found.source.value("initiator/iqn", "name") == "iqn.me"


@pytest.mark.parametrize(
    ("pool", "more", "code", "words"),
    [
        (RBD, "", ErrorCode.CONFIG_UNSUPPORTED, "using 'rbd' pools for backing 'volume' disks isn't yet supported"),
        (DIR, " mode='host'", ErrorCode.XML_ERROR, "disk source mode is only valid when storage pool is of iscsi type"),
    ],
)
def test_what_no_disk_can_be_is_refused(pool: str, more: str, code: ErrorCode, words: str) -> None:
    with pytest.raises(VirtError, match=words) as caught:
        located(disk("v", more), OnePool(pool))
    assert caught.value.code is code


def test_a_pool_that_rests_is_told_with_the_volume() -> None:
    with pytest.raises(VirtError, match="storage pool 'p' containing volume 'v' is not active"):
        located(disk(), OnePool(DIR, active=False))


def test_without_a_storage_driver_a_volume_cannot_be_found() -> None:
    with pytest.raises(VirtError) as caught:
        located(disk(), None)
    assert caught.value.code is ErrorCode.NO_SUPPORT


def test_a_volume_that_was_not_located_is_just_that() -> None:
    assert actual_type("volume", disk().source) == "volume"
    assert located(Disk.read(document.parse("<disk type='file'><source file='/x'/></disk>")), None).path == "/x"
