"""Each kind of fault on a call, as virsh and libvirt's binding see it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from daemons import eventually

libvirt: Any = pytest.importorskip("libvirt")
libvirt.registerErrorHandler(lambda context, error: None, None)

VOLUME = "<volume><name>v</name><capacity>1024</capacity></volume>"


@pytest.fixture
def virsh(played: Any) -> Any:
    return played.virsh()


def test_an_error_by_name_and_message_reaches_the_client(played: Any, virsh: Any) -> None:
    played.fault("error", call="domain_shutdown*", code="RESOURCE_BUSY", message="the guest is busy", object="test")
    assert "resource busy: the guest is busy" in virsh.fails("shutdown", "test")
    connection = libvirt.open(played.daemon.uri())
    with pytest.raises(libvirt.libvirtError) as caught:
        connection.lookupByName("test").shutdown()
    assert caught.value.get_error_code() == libvirt.VIR_ERR_RESOURCE_BUSY


def test_a_fault_hits_calls_whose_answers_are_kept_as_well(played: Any) -> None:
    guest = libvirt.open(played.daemon.uri()).lookupByName("test")
    told = {guest.XMLDesc() for _ in range(5)}
    played.fault("error", call="domain_get_xml_desc", message="not now")
    with pytest.raises(libvirt.libvirtError, match="not now"):
        guest.XMLDesc()
    played.clear()
    assert {guest.XMLDesc() for _ in range(5)} == told
    assert len(told) == 1


def test_only_the_nth_call_is_hit_and_the_log_and_the_list_tell_of_it(played: Any, virsh: Any) -> None:
    name = played.fault("error", call="domain_suspend", nth=2, message="once")
    virsh("suspend", "test")
    virsh("resume", "test")
    assert "once" in virsh.fails("suspend", "test")
    virsh("suspend", "test")
    (listed,) = played.faults()
    assert (listed["name"], listed["fitted"], listed["hit"]) == (name, 3, 1)
    assert f"fault {name}: virDomainSuspend on 'test': error" in played.daemon.log.read_text()


def test_a_fault_is_for_the_hosts_that_its_uri_names(played: Any) -> None:
    played.fault("error", uri="test:///host/1", call="domain_suspend", message="no")
    assert "no" in played.virsh("/host/1").fails("suspend", "test")
    played.virsh("/host/2")("suspend", "test")


def test_a_fault_that_is_removed_is_gone(played: Any, virsh: Any) -> None:
    with played.faulty("error", call="domain_suspend"):
        assert "operation failed" in virsh.fails("suspend", "test")
    virsh("suspend", "test")
    assert played.faults() == []


def test_a_delayed_call_is_answered_later_and_others_meanwhile(played: Any) -> None:
    name = played.fault("delay", call="domain_suspend", seconds=600)
    slow, quick = libvirt.open(played.daemon.uri()), libvirt.open(played.daemon.uri())
    calling = threading.Thread(target=slow.lookupByName("test").suspend)
    calling.start()
    eventually(lambda: played.hits(name) == 1, "the call to be held back")
    assert quick.lookupByName("test").state()[0] == libvirt.VIR_DOMAIN_RUNNING
    played.release(name)
    calling.join(30)
    assert quick.lookupByName("test").state()[0] == libvirt.VIR_DOMAIN_PAUSED


def test_a_hang_lasts_until_it_is_released(played: Any) -> None:
    name = played.fault("hang", call="domain_suspend", times=1)
    done: list[int] = []
    domain = libvirt.open(played.daemon.uri()).lookupByName("test")
    calling = threading.Thread(target=lambda: done.append(domain.suspend()))
    calling.start()
    eventually(lambda: played.hits(name) == 1, "the call to hang")
    assert not done
    played.remove(name)
    calling.join(30)
    assert done == [0]


@pytest.mark.parametrize(("do", "more"), [("close", {}), ("torn", {"keep": 3}), ("torn", {"keep": 40})])
def test_a_closed_or_torn_connection_is_seen_as_such_and_the_next_one_is_served(
    played: Any, virsh: Any, do: str, more: dict[str, int]
) -> None:
    played.fault(do, call="domain_get_info", times=1, **more)
    connection = libvirt.open(played.daemon.uri())
    domain = connection.lookupByName("test")
    with pytest.raises(libvirt.libvirtError):
        domain.info()
    eventually(lambda: not connection.isAlive(), "the client to notice")
    assert "running" in virsh("domstate", "test")


def test_a_guest_that_crashes_after_its_start(played: Any, virsh: Any) -> None:
    virsh("destroy", "test")
    played.fault("crash", call="domain_create*", object="test")
    virsh("start", "test")
    assert virsh("domstate", "test", "--reason") == "shut off (crashed)"


def test_a_silent_agent_fails_what_needs_it_and_nothing_else(played: Any, virsh: Any) -> None:
    played.fault("agent-silent", seconds=0.1, object="test")
    assert "Guest agent is not responding" in virsh.fails("domfsfreeze", "test")
    assert "running" in virsh("domstate", "test")


def test_a_full_pool_has_no_room_for_volumes_and_can_still_be_looked_at(
    played: Any, virsh: Any, tmp_path: Path
) -> None:
    played.fault("enospc", object="default-pool")
    (tmp_path / "vol.xml").write_text(VOLUME)
    assert "No space left on device" in virsh.fails("vol-create", "default-pool", str(tmp_path / "vol.xml"))
    assert "default-pool" in virsh("pool-list")


def test_a_restart_ends_connections_and_the_daemon_comes_back_on_the_same_socket(played: Any) -> None:
    played.fault("restart", call="domain_suspend", times=1, seconds=0.2)
    connection = libvirt.open(played.daemon.uri())
    with pytest.raises(libvirt.libvirtError):
        connection.lookupByName("test").suspend()
    eventually(played.was_restarted, "the daemon to come back, without the faults that were set at run time")
    assert libvirt.open(played.daemon.uri()).isAlive()


def test_a_connection_is_refused_broken_or_delayed_at_its_beginning(played: Any, virsh: Any) -> None:
    played.fault("error", call="connect_open", code="NO_CONNECT", message="test:///default", times=1)
    assert "no connection driver available for test:///default" in virsh.fails("list")
    played.fault("close", call="virConnectOpen*", times=1, name="closed")
    assert "error: failed to connect to the hypervisor" in virsh.fails("list")
    assert played.hits("closed") == 1
    assert "running" in virsh("domstate", "test")
    everything = played.fault("error", message="whatever is asked")
    assert "failed to get domain 'test'" in virsh.fails("domstate", "test"), "it could be opened"
    assert played.hits(everything) >= 1


def test_faults_of_a_file_hold_from_the_start(play: Any, tmp_path: Path) -> None:
    file = tmp_path / "faults.toml"
    file.write_text('[[fault]]\nname = "no-start"\ndo = "error"\ncall = "domain_create*"\nmessage = "out of luck"\n')
    played = play(faults=str(file))
    played.virsh()("destroy", "test")
    assert "out of luck" in played.virsh().fails("start", "test")
