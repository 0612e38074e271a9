"""Migration between two played hosts, by virsh and by the binding, with every phase able to fail."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from daemons import eventually

libvirt: Any = pytest.importorskip("libvirt")
libvirt.registerErrorHandler(lambda context, error: None, None)
LIVE = libvirt.VIR_MIGRATE_LIVE


@pytest.fixture
def hosts(played: Any) -> tuple[Any, Any]:
    """Two hosts; the second has no guest called `test`."""
    source, destination = (libvirt.open(played.daemon.uri(path=f"/host/{number}")) for number in (1, 2))
    destination.lookupByName("test").destroy()
    destination.lookupByName("test").undefine()
    return source, destination


def test_virsh_migrates_a_guest(played: Any, hosts: tuple[Any, Any]) -> None:
    target = played.daemon.uri(path="/host/2")
    played.virsh("/host/1")("migrate", "test", target, "--live", "--persistent", "--undefinesource")
    assert hosts[0].listAllDomains() == []
    assert hosts[1].lookupByName("test").state() == [
        libvirt.VIR_DOMAIN_RUNNING,
        libvirt.VIR_DOMAIN_RUNNING_MIGRATED,
    ]
    assert hosts[1].lookupByName("test").isPersistent()


def test_a_guest_gets_another_name(hosts: tuple[Any, Any]) -> None:
    there = hosts[0].lookupByName("test").migrate(hosts[1], LIVE, "moved", None, 0)
    assert there.name() == "moved"
    assert hosts[0].lookupByName("test").state()[0] == libvirt.VIR_DOMAIN_SHUTOFF


@pytest.mark.parametrize("phase", ["begin3", "prepare3", "perform3", "finish3"])
def test_a_phase_that_fails_leaves_the_guest_at_the_source(played: Any, hosts: tuple[Any, Any], phase: str) -> None:
    played.fault("error", call=f"domain_migrate_{phase}*", message="not today")
    domain = hosts[0].lookupByName("test")
    with pytest.raises(libvirt.libvirtError, match="not today"):
        domain.migrate(hosts[1], LIVE, None, None, 0)
    played.clear()
    assert domain.state()[0] == libvirt.VIR_DOMAIN_RUNNING
    running = [one.name() for one in hosts[1].listAllDomains() if one.state()[0] == libvirt.VIR_DOMAIN_RUNNING]
    assert running == []


def test_a_migration_is_watched_and_aborted(played: Any, hosts: tuple[Any, Any]) -> None:
    played.clock(rate=0)
    played.durations(migrate=100)
    domain = hosts[0].lookupByName("test")
    errors: list[int] = []

    def migrate() -> None:
        try:
            domain.migrate(hosts[1], LIVE, None, None, 0)
        except libvirt.libvirtError as error:
            errors.append(error.get_error_code())

    moving = threading.Thread(target=migrate)
    moving.start()
    watcher = libvirt.open(played.daemon.uri(path="/host/1")).lookupByName("test")
    eventually(lambda: watcher.jobInfo()[0] != libvirt.VIR_DOMAIN_JOB_NONE, "the migration to begin")
    played.clock(by=50)
    eventually(lambda: watcher.jobStats().get("time_remaining") == 50_000, "half of it to be done")
    watcher.abortJob()
    moving.join(30)
    assert errors == [libvirt.VIR_ERR_OPERATION_ABORTED]
    assert watcher.state()[0] == libvirt.VIR_DOMAIN_RUNNING
    assert hosts[1].listAllDomains() == []
