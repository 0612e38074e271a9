"""Secrets of images reach QEMU by ways that nobody else can read."""

from __future__ import annotations

import os
from typing import Any
from uuid import UUID

import pytest
from emulated import guest

from virtloom.errors import ErrorCode, VirtError
from virtloom_qemu.command.block.secrets import Given
from virtloom_qemu.runs.given.secrets import in_memory, revealed, wanted_by

UUID_TEXT = "e0e0e0e0-0003-4000-8000-000000000001"
LUKS = f"""<disk type='file'><driver type='qcow2'/><source file='/a'><encryption format='luks'>
<secret type='passphrase' uuid='{UUID_TEXT}'/></encryption></source><target dev='vda' bus='virtio'/></disk>"""
ISCSI = """<disk type='network'><driver type='raw'/><source protocol='iscsi' name='iqn.2026-01.x:y/1'>
<host name='h' port='3260'/><auth username='me'><secret type='iscsi' usage='pool'/></auth></source>
<target dev='vdb' bus='virtio'/></disk>"""
WEB = """<disk type='network'><driver type='raw'/><source protocol='https' name='a.img'><host name='h' port='443'/>
<cookies><cookie name='one'>1</cookie><cookie name='two'>2</cookie></cookies></source>
<target dev='vdc' bus='virtio'/></disk>"""


class Keeper:
    """A driver that knows two secrets."""

    def reveal(self, *, uuid: bytes | None = None, usage_type: int = 0, usage_id: str = "") -> bytes:
        if uuid == UUID(UUID_TEXT).bytes:
            return b"key"
        if (usage_type, usage_id) == (3, "pool"):
            return b"password"
        raise VirtError(ErrorCode.NO_SECRET, "no secret")


def test_each_secret_is_found_by_what_the_definition_says_of_it() -> None:
    values = revealed(guest(LUKS + ISCSI + WEB), Keeper())
    assert sorted(values.values()) == [b"key", b"one=1; two=2", b"password"]


def test_what_a_guest_has_already_is_not_asked_for_again() -> None:
    before, after = guest(LUKS), guest(LUKS + ISCSI)
    known = set(wanted_by(before))
    assert not known & set(revealed(after, Keeper(), besides=before))


def test_a_secret_that_is_not_there_stops_the_start() -> None:
    with pytest.raises(VirtError) as caught:
        revealed(guest(ISCSI.replace("pool", "other")), Keeper())
    assert caught.value.code is ErrorCode.NO_SECRET


def test_a_value_is_in_a_file_in_memory_alone() -> None:
    opened = in_memory({"a": b"value"})
    try:
        assert os.read(opened["a"], 100) == b"value"
        assert "memfd" in os.readlink(f"/proc/self/fd/{opened['a']}")
    finally:
        os.close(opened["a"])


@pytest.mark.parametrize(
    ("given", "properties"),
    [
        (Given({"s": ("7",)}), {"format": "raw", "file": "/proc/self/fd/7"}),
        (Given(values={"s": b"x"}), {"format": "base64", "data": "eA=="}),
        (Given(), {"format": "raw", "file": "s"}),
    ],
)
def test_qemu_is_told_where_a_value_is(given: Given, properties: dict[str, Any]) -> None:
    assert given.properties("s") == properties
