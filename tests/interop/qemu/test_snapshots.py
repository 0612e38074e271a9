"""Snapshots of a real guest: what virsh made is there after the daemon was killed, and the guest goes back to it."""

from __future__ import annotations

import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import pytest

from daemons import needs

DISK = """<disk type='file' device='disk'>
  <driver name='qemu' type='{form}'/><source file='{path}'/><target dev='{target}' bus='virtio'/>
</disk>"""
AGENT = "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"


@pytest.fixture
def define(host: Any) -> Callable[..., Any]:
    """Define a guest `name` with an image `name.qcow2`; what defines it."""
    needs("qemu-img", "qemu-utils")

    def defined(name: str, form: str = "qcow2", more: str = "") -> Any:
        path = host.root / f"{name}.{form}"
        subprocess.run(["qemu-img", "create", "-q", "-f", form, str(path), "8M"], check=True)
        disk = DISK.format(form=form, path=path, target="vda")
        host.virsh("define", host.write(name, devices=disk + more))
        return path

    return defined


def inside(image: Any) -> list[str]:
    """The snapshots in an image, by name, as `qemu-img` sees them."""
    said = subprocess.run(["qemu-img", "snapshot", "-l", "-U", str(image)], check=True, capture_output=True, text=True)
    return [line.split()[1] for line in said.stdout.splitlines() if line[:1].isdigit()]


def pattern(image: Any, byte: str, *, write: bool) -> bool:
    """Write a byte all over the start of an image, or say whether it is there."""
    command = f"{'write' if write else 'read'} -P {byte} 0 64k"
    said = subprocess.run(["qemu-io", "-c", command, str(image)], check=False, capture_output=True, text=True)
    return said.returncode == 0 and "verification failed" not in said.stdout


def test_snapshots_outlive_a_killed_daemon_and_are_gone_back_to(host: Any, define: Callable[..., Any]) -> None:
    virsh, image = host.virsh, define("guest")
    pattern(image, "1", write=True)
    virsh("snapshot-create-as", "guest", "offline")
    pattern(image, "2", write=True)
    virsh("start", "guest")
    virsh("snapshot-create-as", "guest", "online")
    host.crash()
    assert virsh("snapshot-list", "guest", "--name", "--topological").split() == ["offline", "online"]
    assert virsh("snapshot-current", "guest", "--name") == "online"
    assert virsh("snapshot-parent", "guest", "online") == "offline"
    assert inside(image) == ["offline", "online"]
    virsh("snapshot-revert", "guest", "offline")
    assert virsh("domstate", "guest", "--reason") == "shut off (from snapshot)"
    assert pattern(image, "1", write=False)
    virsh("snapshot-revert", "guest", "online")
    assert virsh("domstate", "guest", "--reason") == "running (from snapshot)"
    virsh("destroy", "guest")
    assert pattern(image, "2", write=False)


def test_a_deleted_snapshot_is_gone_from_the_image(host: Any, define: Callable[..., Any]) -> None:
    virsh, image = host.virsh, define("guest")
    virsh("start", "guest")
    for name in ("one", "two", "three"):
        virsh("snapshot-create-as", "guest", name)
    virsh("snapshot-delete", "guest", "two")
    assert inside(image) == ["one", "three"]
    assert virsh("snapshot-parent", "guest", "three") == "one"
    virsh("destroy", "guest")
    virsh("snapshot-delete", "guest", "one", "--children")
    assert inside(image) == []
    assert virsh("snapshot-list", "guest", "--name") == ""


def test_a_name_is_one_word_to_qemu_whatever_is_in_it(host: Any, define: Callable[..., Any]) -> None:
    virsh, name = host.virsh, 'a "b" \\c'
    image = define("guest")
    virsh("start", "guest")
    virsh("snapshot-create-as", "guest", name)
    virsh("snapshot-revert", "guest", name)
    virsh("snapshot-delete", "guest", name)
    assert inside(image) == []


def test_a_guest_goes_on_in_a_new_image_and_keeps_it(host: Any, define: Callable[..., Any]) -> None:
    virsh, image = host.virsh, define("guest")
    virsh("start", "guest")
    virsh("snapshot-create-as", "guest", "outside", "--disk-only")
    host.crash()
    assert str(image.with_suffix(".outside")) in virsh("domblklist", "guest")
    assert "revert to external snapshot not supported yet" in virsh.fails("snapshot-revert", "guest", "outside")
    virsh("destroy", "guest")
    virsh("start", "guest")
    assert str(image.with_suffix(".outside")) in virsh("domblklist", "guest")


def test_what_cannot_be_kept_is_refused_and_the_guest_goes_on(host: Any, define: Callable[..., Any]) -> None:
    virsh = host.virsh
    define("raw", form="raw", more=AGENT)
    define("plain")
    virsh("start", "raw")
    virsh("start", "plain")
    quiet = ("snapshot-create-as", "--disk-only", "--quiesce")
    assert "unsupported for storage type raw" in virsh.fails("snapshot-create-as", "raw", "one")
    assert "QEMU guest agent is not connected" in virsh.fails(*quiet, "raw")
    assert "QEMU guest agent is not configured" in virsh.fails(*quiet, "plain")
    assert virsh("domstate", "raw") == virsh("domstate", "plain") == "running"
    assert virsh("snapshot-list", "raw", "--name") == virsh("snapshot-list", "plain", "--name") == ""


def test_a_snapshot_shows_the_processor_of_the_definition_and_remembers_the_guests(
    host: Any, define: Callable[..., Any]
) -> None:
    virsh, model = host.virsh, "<cpu mode='custom' match='exact' check='none'><model>qemu64</model></cpu>"
    define("guest", more="")
    document = virsh("dumpxml", "guest", "--inactive").replace("<cpu ", "<was ").replace("</cpu>", "</was>")
    document = document.replace("<devices>", f"{model}<devices>")
    path = host.root / "guest.cpu.xml"
    path.write_text(document)
    virsh("define", str(path))
    virsh("start", "guest")
    live = ET.fromstring(virsh("dumpxml", "guest")).find("cpu")
    virsh("snapshot-create-as", "guest", "one")
    shown = ET.fromstring(virsh("snapshot-dumpxml", "guest", "one"))
    assert shown.find("domain/cpu").get("check") == "none"
    assert live.get("check") == shown.find("cookie/cpu").get("check") == "full"
    assert shown.find("cookie/slirpHelper") is not None
    virsh("snapshot-revert", "guest", "one")
    assert ET.tostring(ET.fromstring(virsh("dumpxml", "guest")).find("cpu")) == ET.tostring(live)
    assert ET.fromstring(virsh("dumpxml", "guest", "--inactive")).find("cpu").get("check") == "none"
    virsh("snapshot-create-as", "guest", "two")
    assert ET.fromstring(virsh("snapshot-dumpxml", "guest", "two")).find("domain/cpu").get("check") == "none"


def test_the_host_is_not_put_to_sleep(host: Any) -> None:
    for target, words in (("mem", "Suspend-to-RAM"), ("disk", "Suspend-to-Disk"), ("hybrid", "Hybrid-Suspend")):
        assert f"argument unsupported: {words}" in host.virsh.fails("nodesuspend", target, "60")
