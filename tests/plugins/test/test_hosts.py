"""Hosts by their URIs: shared within one, isolated between them, the same in every run, kept on request."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from daemons import BIN, eventually

libvirt: Any = pytest.importorskip("libvirt")
libvirt.registerErrorHandler(lambda context, error: None, None)

NAMESPACE = "http://libvirt.org/schemas/domain/test/1.0"
GUEST = "<domain type='test'><name>{}</name><memory>65536</memory><os><type>hvm</type></os>{}</domain>"
NETWORK_CARD = "<devices><interface type='network'><source network='default'/></interface></devices>"
NODE = "<node><domain type='test'><name>of-file</name><memory>1024</memory><os><type>hvm</type></os></domain></node>"


def names(connection: Any) -> list[str]:
    return sorted(domain.name() for domain in connection.listAllDomains())


def test_a_host_is_shared_by_all_connections_to_its_uri_and_by_no_other(played: Any) -> None:
    one, same, other, third = (
        libvirt.open(played.daemon.uri(path=path)) for path in ("/host/1", "/host/1", "/host/2", "/fleet")
    )
    one.defineXML(GUEST.format("mine", ""))
    assert names(same) == ["mine", "test"]
    assert names(other) == names(third) == ["test"]


def test_a_host_outlives_its_last_connection_until_it_is_forgotten(played: Any) -> None:
    first = libvirt.open(played.daemon.uri(path="/host/7"))
    first.defineXML(GUEST.format("kept", ""))
    first.close()
    again = libvirt.open(played.daemon.uri(path="/host/7"))
    assert names(again) == ["kept", "test"]
    assert played.call("forget", uri="test:///host/7") is False  # somebody is connected
    again.close()
    eventually(lambda: bool(played.call("forget", uri="test:///host/7")), "its last connection to end")
    assert names(libvirt.open(played.daemon.uri(path="/host/7"))) == ["test"]


def test_a_file_describes_a_host(played: Any, tmp_path: Path) -> None:
    (tmp_path / "node.xml").write_text(NODE)
    assert names(libvirt.open(played.daemon.uri(path=str(tmp_path / "node.xml")))) == ["of-file"]


def test_with_a_seed_everything_made_up_is_the_same_in_every_run(play: Callable[..., Any], scratch: Path) -> None:
    seen = []
    for _ in range(2):
        played = play(seed="seven")
        connection = libvirt.open(played.daemon.uri())
        domain = connection.defineXML(GUEST.format("made", NETWORK_CARD))
        mac = domain.XMLDesc().partition("<mac address='")[2].partition("'")[0]
        network = connection.networkDefineXML("<network><name>n</name></network>")
        seen.append((domain.UUIDString(), mac, network.UUIDString()))
        connection.close()
        played.daemon.stop()
    assert seen[0] == seen[1]
    assert len(set(seen[0])) == 3


def test_hosts_that_persist_are_found_again_as_they_were(play: Callable[..., Any]) -> None:
    played = play(persist=True)
    connection = libvirt.open(played.daemon.uri())
    connection.defineXML(GUEST.format("off", ""))
    connection.createXML(GUEST.format("running", ""))
    connection.lookupByName("test").suspend()
    connection.networkLookupByName("default").destroy()
    pool = connection.storagePoolLookupByName("default-pool")
    pool.createXML("<volume><name>v</name><capacity>1024</capacity></volume>")
    connection.close()
    played.daemon.stop()
    again = libvirt.open(play(persist=True).daemon.uri())
    states = {domain.name(): domain.state()[0] for domain in again.listAllDomains()}
    assert states == {
        "off": libvirt.VIR_DOMAIN_SHUTOFF,
        "running": libvirt.VIR_DOMAIN_RUNNING,
        "test": libvirt.VIR_DOMAIN_PAUSED,
    }
    assert not again.lookupByName("running").isPersistent()
    assert not again.networkLookupByName("default").isActive()
    assert again.storagePoolLookupByName("default-pool").listVolumes() == ["v"]


def test_what_a_call_has_changed_is_kept_when_the_daemon_is_killed(play: Callable[..., Any]) -> None:
    played = play(persist=True)
    connection = libvirt.open(played.daemon.uri())
    domain = connection.lookupByName("test")
    domain.snapshotCreateXML("<domainsnapshot><name>first</name></domainsnapshot>")
    domain.snapshotCreateXML("<domainsnapshot><name>second</name></domainsnapshot>")
    first = domain.snapshotLookupByName("first").getXMLDesc()
    domain.suspend()
    uuid = connection.defineXML(GUEST.format("new", "")).UUIDString()
    played.daemon.process.kill()
    played.daemon.process.wait(30)
    again = libvirt.open(play(persist=True).daemon.uri())
    found = again.lookupByName("test")
    assert found.state()[0] == libvirt.VIR_DOMAIN_PAUSED
    assert again.lookupByName("new").UUIDString() == uuid
    assert found.snapshotCurrent().getName() == "second"
    assert found.snapshotCurrent().getParent().getName() == "first"
    assert found.snapshotLookupByName("first").getXMLDesc() == first


def test_a_host_is_found_again_after_a_restart_on_command(play: Callable[..., Any]) -> None:
    played = play(persist=True)
    virsh = played.virsh()
    virsh("suspend", "test")
    played.fault("restart", call="virDomainResume", times=1)
    virsh.fails("resume", "test")
    eventually(played.was_restarted, "the daemon to be back")
    assert virsh("domstate", "test") == "paused"


def test_hosts_that_cannot_be_kept_are_told_of(play: Callable[..., Any], scratch: Path) -> None:
    played = play(persist=True)
    connection = libvirt.open(played.daemon.uri())
    (kept,) = scratch.glob("lib/**/hosts")
    shutil.rmtree(kept)
    kept.write_text("a file where the folder was")
    with pytest.raises(libvirt.libvirtError, match="cannot keep the host 'test:///default'"):
        connection.lookupByName("test").suspend()
    kept.unlink()
    connection.lookupByName("test").destroy()
    assert (kept / "default.xml").exists()


def test_the_snapshots_of_a_described_host_are_there(play: Callable[..., Any], tmp_path: Path) -> None:
    snapshot = (
        "<test:domainsnapshot><name>{0}</name>{1}<state>shutoff</state><creationTime>7</creationTime>"
        "<active>{2}</active></test:domainsnapshot>"
    )
    parent = "<parent><name>one</name></parent>"
    both = snapshot.format("one", "", 0) + snapshot.format("two", parent, 1)
    guest = GUEST.format("a", both).replace("<domain ", f"<domain xmlns:test='{NAMESPACE}' ")
    (tmp_path / "host.xml").write_text(f"<node>{guest}</node>")
    domain = libvirt.open(play().daemon.uri(path=str(tmp_path / "host.xml"))).lookupByName("a")
    assert domain.snapshotCurrent().getName() == "two"
    assert domain.snapshotCurrent().getParent().getName() == "one"


def test_a_guest_crashes_on_command_and_does_what_its_definition_says_of_that(played: Any) -> None:
    connection = libvirt.open(played.daemon.uri())
    domain = connection.lookupByName("test")
    played.crash("test:///default", "test")
    assert domain.state() == [libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_CRASHED]
    reborn = connection.createXML(GUEST.format("reborn", "<on_crash>restart</on_crash>"))
    played.crash("test:///default", "reborn")
    assert reborn.state() == [libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_RUNNING_CRASHED]
    with pytest.raises(Exception, match="no host 'test:///nowhere' is open"):
        played.crash("test:///nowhere", "test")


def test_a_recorded_host_says_what_the_real_one_said(played: Any, tmp_path: Path) -> None:
    file = tmp_path / "host.toml"
    source = played.daemon.uri(path="/host/1")
    command = [str(BIN / "virtloom"), "record", source, "-o", str(file)]
    assert subprocess.run(command, capture_output=True, check=True, timeout=60).stdout
    text = file.read_text().replace("i686", "riscv64")
    file.write_text(text)
    connection = libvirt.open(played.daemon.uri(path=str(file)))
    assert "<arch>riscv64</arch>" in connection.getCapabilities()
    assert connection.getInfo()[0] == "riscv64"
    assert names(connection) == ["test"]
    file.write_text("type = 'QEMU'")
    with pytest.raises(libvirt.libvirtError, match="is no recorded host"):
        libvirt.open(played.daemon.uri(path=f"{tmp_path}/./host.toml"))
