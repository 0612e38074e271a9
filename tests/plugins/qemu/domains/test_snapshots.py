"""Snapshots of which some are gone when the next one cannot be deleted."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

import virtloom_qemu.plugin
from daemons import needs
from virtloom.errors import ErrorCode, VirtError
from virtloom.testkit import hosted

CHILDREN = 1  # VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN


def document(disk: Path) -> str:
    return f"""<domain type='qemu'><name>s</name><memory unit='MiB'>16</memory><os><type>hvm</type></os><devices>
    <disk type='file'><driver name='qemu' type='qcow2'/><source file='{disk}'/><target dev='vda'/></disk>
    </devices></domain>"""


def test_what_was_deleted_before_a_failure_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs("qemu-system-x86_64", "qemu-system-x86")
    needs("qemu-img", "qemu-utils")
    disk = tmp_path / "disk.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "1M"], check=True, timeout=60)
    with hosted(virtloom_qemu.plugin, tmp_path / "d") as running:
        driver = running.driver
        guest = driver.domain_define_xml_flags(document(disk), 0)
        for name in ("a", "b", "c"):
            driver.domain_snapshot_create_xml(guest, f"<domainsnapshot><name>{name}</name></domainsnapshot>", 0)
        on_images = driver._snapshot_images

        def failing(definition: Any, name: str, *args: Any, **named: Any) -> None:
            if name == "a":
                raise VirtError(ErrorCode.INTERNAL_ERROR, "the disk is full")
            on_images(definition, name, *args, **named)

        monkeypatch.setattr(driver, "_snapshot_images", failing)
        first = driver.domain_snapshot_lookup_by_name(guest, "a", 0)
        with pytest.raises(VirtError, match="the disk is full"):
            driver.domain_snapshot_delete(first, CHILDREN)
        assert [one.name for one in driver.domain_list_all_snapshots(guest, 0)] == ["a"]
    listed = subprocess.run(["qemu-img", "snapshot", "-l", disk], capture_output=True, text=True, timeout=60).stdout
    assert [line.split()[1] for line in listed.splitlines()[2:]] == ["a"]
