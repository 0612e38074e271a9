"""Guests on volumes of pools, seen with virsh: found when they start, kept from others while they run."""

from __future__ import annotations

from typing import Any

import pytest

from daemons import needs

VOLUME = """<disk type='volume'><driver type='{format}'/><source pool='{pool}' volume='{name}'/>{more}
  <target dev='vda'/></disk>"""


@pytest.fixture
def pool(host: Any) -> str:
    needs("qemu-img", "qemu-utils")
    host.virsh("pool-define-as", "images", "dir", "--target", str(host.root / "images"))
    host.virsh("pool-build", "images")
    host.virsh("pool-start", "images")
    return "images"


def on_volume(name: str, format_: str = "qcow2", more: str = "") -> str:
    return VOLUME.format(format=format_, pool="images", name=name, more=more)


def test_a_volume_in_use_is_kept_from_everybody_else(host: Any, pool: str) -> None:
    host.virsh("vol-create-as", pool, "base", "8M")
    host.virsh(
        "vol-create-as", pool, "web", "8M", "--format", "qcow2", "--backing-vol", "base", "--backing-vol-format", "raw"
    )
    host.virsh("define", host.write("web", devices=on_volume("web")))
    host.virsh("define", host.write("db", devices=on_volume("web")))
    host.virsh("start", "web")

    shown = host.virsh("dumpxml", "web")
    assert "<source pool='images' volume='web' index='1'/>" in shown
    assert "<source file='" + str(host.root / "images" / "base") + "'/>" in shown
    for words in (["vol-delete"], ["vol-resize", "--capacity", "16M"], ["vol-wipe"]):
        command, *more = words
        for volume in ("web", "base"):
            assert "still in use" in host.virsh.fails(command, volume, *more, "--pool", pool)
    assert "is in use for writing by domain 'web'" in host.virsh.fails("start", "db")

    host.crash()
    assert "still in use" in host.virsh.fails("vol-delete", "web", "--pool", pool)
    assert "in use for writing by domain 'web'" in host.virsh.fails("start", "db")
    host.virsh("destroy", "web")
    host.virsh("start", "db")
    host.virsh("destroy", "db")
    host.virsh("vol-delete", "web", "--pool", pool)


def test_guests_share_what_both_say_is_shareable(host: Any, pool: str) -> None:
    host.virsh("vol-create-as", pool, "shared", "8M")
    for name in ("one", "two"):
        host.virsh("create", host.write(name, devices=on_volume("shared", "raw", "<shareable/>")))
    alone = host.virsh.fails("create", host.write("three", devices=on_volume("shared", "raw")))
    assert "is in use for writing, shared by domain" in alone


def test_a_volume_that_is_not_there_is_told_by_its_pool(host: Any, pool: str) -> None:
    host.virsh("define", host.write("web", devices=on_volume("nothing")))
    assert "no storage vol with matching name 'nothing'" in host.virsh.fails("start", "web")
    host.virsh("pool-destroy", pool)
    error = host.virsh.fails("start", "web")
    assert "storage pool 'images' containing volume 'nothing' is not active" in error
