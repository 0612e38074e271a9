"""virsh, unchanged, runs a guest's whole life."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemons import Daemon, Virsh, needs

GUEST = """<domain type='test'>
  <name>guest</name>
  <uuid>11111111-2222-3333-4444-555555555555</uuid>
  <memory unit='MiB'>256</memory>
  <vcpu>2</vcpu>
  <os><type>hvm</type></os>
  <devices><disk type='file' device='disk'><source file='/g.img'/><target dev='vda' bus='virtio'/></disk></devices>
</domain>"""


@pytest.fixture(autouse=True)
def keeper(daemon: Daemon) -> Iterator[None]:
    """An idle virsh: test:///default keeps its state for as long as somebody is connected."""
    idle = subprocess.Popen(
        [needs("virsh", "libvirt-clients"), "-q", "-c", daemon.uri()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "LC_ALL": "C"},
        text=True,
    )
    assert idle.stdin is not None
    assert idle.stdout is not None
    idle.stdin.write("echo connected\n")
    idle.stdin.flush()
    while "connected" not in idle.stdout.readline():
        pass
    yield
    idle.communicate(timeout=10)


def test_the_default_host_has_libvirts_first_domain(virsh: Virsh) -> None:
    assert virsh("list", "--all", "--name") == "test"
    assert virsh("domuuid", "test") == "6695eb01-f6a4-8304-79aa-97f2502e193f"


def test_a_guest_lives_its_whole_life(virsh: Virsh, scratch: Path) -> None:
    xml = scratch / "guest.xml"
    xml.write_text(GUEST)
    virsh("define", str(xml))
    assert virsh("domstate", "guest") == "shut off"
    virsh("start", "guest")
    assert virsh("domstate", "guest", "--reason") == "running (booted)"
    virsh("suspend", "guest")
    assert virsh("domstate", "guest", "--reason") == "paused (user)"
    virsh("resume", "guest")
    virsh("reboot", "guest")
    virsh("setmem", "guest", "128M", "--live")
    virsh("snapshot-create-as", "guest", "before")
    virsh("managedsave", "guest")
    assert virsh("domstate", "guest", "--reason") == "shut off (saved)"
    virsh("start", "guest")
    virsh("snapshot-revert", "guest", "before")
    virsh("snapshot-delete", "guest", "before")
    virsh("destroy", "guest")
    virsh("undefine", "guest")
    assert "failed to get domain 'guest'" in virsh.fails("dominfo", "guest")


def test_a_failed_definition_says_what_is_wrong_and_changes_nothing(virsh: Virsh, scratch: Path) -> None:
    xml = scratch / "bad.xml"
    xml.write_text("<domain type='test'><name>bad</name></domain>")
    assert "error: " in virsh.fails("define", str(xml))
    assert virsh("list", "--all", "--name") == "test"


def test_a_screenshot_is_downloaded_over_a_stream(virsh: Virsh, scratch: Path) -> None:
    picture = scratch / "shot.png"
    virsh("screenshot", "test", str(picture))
    assert picture.stat().st_size > 0


def test_networks_pools_and_devices_are_there(virsh: Virsh) -> None:
    assert "default" in virsh("net-list")
    assert "default-pool" in virsh("pool-list")
    assert "computer" in virsh("nodedev-dumpxml", "computer")
    assert "eth1" in virsh("iface-list")


def test_a_read_only_client_may_look_and_not_touch(daemon: Daemon) -> None:
    readonly = Virsh(daemon.uri(readonly=True))
    assert readonly("domstate", "test") == "running"
    assert "read only access prevents virDomainDestroy" in readonly.fails("destroy", "test")


def test_an_unknown_scheme_is_refused_by_name(daemon: Daemon) -> None:
    assert "no connection driver available" in Virsh(daemon.uri("vbox", "/session")).fails("list")
