"""What is asked of guests and changed in them: libvirt's answers, and what only played hosts tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

libvirt: Any = pytest.importorskip("libvirt")
libvirt.registerErrorHandler(lambda context, error: None, None)
LIVE, CONFIG = libvirt.VIR_DOMAIN_AFFECT_LIVE, libvirt.VIR_DOMAIN_AFFECT_CONFIG


@pytest.fixture
def domain(played: Any) -> Any:
    return libvirt.open(played.daemon.uri()).lookupByName("test")


def test_the_memory_of_the_next_start_is_changed_while_the_guest_runs(domain: Any) -> None:
    assert domain.isActive()
    domain.setMemoryFlags(1 << 20, libvirt.VIR_DOMAIN_MEM_MAXIMUM | CONFIG)
    assert domain.maxMemory() == 8 << 20
    with pytest.raises(libvirt.libvirtError, match="cannot resize the maximum memory on an active domain"):
        domain.setMemoryFlags(1 << 20, libvirt.VIR_DOMAIN_MEM_MAXIMUM | LIVE)
    domain.destroy()
    assert domain.maxMemory() == 1 << 20


def test_an_io_thread_is_added_to_one_definition_at_a_time(domain: Any) -> None:
    with pytest.raises(libvirt.libvirtError, match="are mutually exclusive"):
        domain.addIOThread(3, LIVE | CONFIG)
    domain.addIOThread(3, LIVE)
    assert [row[0] for row in domain.ioThreadInfo(LIVE)] == [3]
    assert domain.ioThreadInfo(CONFIG) == []
    ((_, stats),) = domain.connect().domainListGetStats([domain], libvirt.VIR_DOMAIN_STATS_IOTHREAD)
    assert stats == {
        "iothread.count": 1,
        "iothread.3.poll-max-ns": 32768,
        "iothread.3.poll-grow": 0,
        "iothread.3.poll-shrink": 0,
    }


def test_answers_that_are_kept_follow_each_change(domain: Any) -> None:
    inactive = libvirt.VIR_DOMAIN_XML_INACTIVE
    hosts = domain.connect()

    def told() -> tuple[Any, ...]:
        seen = {(hosts.lookupByName("test").ID(), domain.state()[0], domain.autostart()) for _ in range(5)}
        texts = {(flags, domain.XMLDesc(flags)) for flags in (0, inactive) for _ in range(5)}
        assert (len(seen), len(texts)) == (1, 2)
        return (*seen.pop(), dict(texts))

    assert told()[:3] == (1, libvirt.VIR_DOMAIN_RUNNING, False)
    domain.suspend()
    domain.setAutostart(True)
    assert told()[1:3] == (libvirt.VIR_DOMAIN_PAUSED, True)
    domain.setMetadata(libvirt.VIR_DOMAIN_METADATA_TITLE, "of the next start", None, None, CONFIG)
    texts = told()[3]
    assert ("of the next start" in texts[0], "of the next start" in texts[inactive]) == (False, True)
    domain.destroy()
    assert told()[:2] == (-1, libvirt.VIR_DOMAIN_SHUTOFF)
    assert "of the next start" in told()[3][0]
    domain.rename("other", 0)
    assert hosts.lookupByName("other").UUID() == domain.UUID()
    with pytest.raises(libvirt.libvirtError, match="Domain not found"):
        hosts.lookupByName("test")


def test_a_read_only_client_is_refused_what_another_was_told(played: Any, domain: Any) -> None:
    secure = libvirt.VIR_DOMAIN_XML_SECURE
    for _ in range(5):
        domain.XMLDesc(secure)
    shown = libvirt.openReadOnly(played.daemon.uri()).lookupByName("test")
    with pytest.raises(libvirt.libvirtError, match="with secure flag"):
        shown.XMLDesc(secure)


def test_statistics_that_are_kept_follow_each_change(domain: Any) -> None:
    def told(stats: int = libvirt.VIR_DOMAIN_STATS_STATE | libvirt.VIR_DOMAIN_STATS_IOTHREAD, flags: int = 0) -> Any:
        return {one.name(): stats for one, stats in domain.connect().getAllDomainStats(stats, flags)}

    active = libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE
    assert told() == told() == {"test": {"state.state": 1, "state.reason": 0}}
    domain.addIOThread(3, LIVE)
    assert told()["test"]["iothread.3.poll-grow"] == 0
    domain.setIOThreadParams(3, {"poll_grow": 50}, LIVE)
    assert told()["test"]["iothread.3.poll-grow"] == 50
    domain.delIOThread(3, LIVE)
    domain.suspend()
    assert told(flags=active) == {"test": {"state.state": 3, "state.reason": 1}}
    domain.destroy()
    assert told(flags=active) == {}
    assert told()["test"]["state.state"] == 5
    domain.undefine()
    assert told() == {}


def test_statistics_grow_with_the_scripted_clock(played: Any, domain: Any) -> None:
    played.clock(to=1000, rate=0)
    ((_, before),) = domain.connect().getAllDomainStats()
    assert before["cpu.time"] == 1000 * 10**9
    assert before["net.0.rx.bytes"] == domain.interfaceStats("testnet0")[0]
    assert before["block.0.rd.reqs"] == domain.blockStats("vda")[0]
    assert before["vcpu.current"] == 2
    played.clock(by=60)
    ((_, after),) = domain.connect().getAllDomainStats()
    assert after["cpu.time"] - before["cpu.time"] == 60 * 10**9
    domain.destroy()
    ((_, stopped),) = domain.connect().getAllDomainStats()
    assert "cpu.time" not in stopped
    assert stopped["balloon.maximum"] == 8 << 20


def test_libvirts_own_driver_tells_the_state_alone(play: Any) -> None:
    alike = play(extras=False)
    ((_, stats),) = libvirt.open(alike.daemon.uri()).getAllDomainStats()
    assert stats == {"state.state": libvirt.VIR_DOMAIN_RUNNING, "state.reason": 0}


REDEFINED = "<domaincheckpoint><name>{}</name>{}<creationTime>7</creationTime></domaincheckpoint>"
PARENT = "<parent><name>{}</name></parent>"
REDEFINE = libvirt.VIR_DOMAIN_CHECKPOINT_CREATE_REDEFINE


@pytest.mark.parametrize(
    ("xml", "said"),
    [
        ("<domaincheckpoint><creationTime>7</creationTime></domaincheckpoint>", "checkpoint must have a name"),
        ("<domaincheckpoint><name>c2</name></domaincheckpoint>", "missing creationTime from existing checkpoint"),
        (REDEFINED.format("c2", PARENT.format("c2")), "cannot set moment c2 as its own parent"),
        (REDEFINED.format("c2", PARENT.format("c0")), "parent c0 for moment c2 not found"),
    ],
)
def test_a_checkpoint_is_not_redefined_as_what_it_cannot_be(domain: Any, xml: str, said: str) -> None:
    domain.checkpointCreateXML("<domaincheckpoint><name>c1</name></domaincheckpoint>")
    with pytest.raises(libvirt.libvirtError, match=said):
        domain.checkpointCreateXML(xml, REDEFINE)
    assert [one.getName() for one in domain.listAllCheckpoints()] == ["c1"]


def test_a_redefined_checkpoint_follows_the_current_one(domain: Any) -> None:
    domain.checkpointCreateXML("<domaincheckpoint><name>c1</name></domaincheckpoint>")
    domain.checkpointCreateXML(REDEFINED.format("c2", PARENT.format("c1")), REDEFINE)
    domain.checkpointCreateXML("<domaincheckpoint><name>c3</name></domaincheckpoint>")
    assert domain.checkpointLookupByName("c3").getParent().getName() == "c2"
    domain.destroy()
    with pytest.raises(libvirt.libvirtError, match="cannot create checkpoint for inactive domain"):
        domain.checkpointCreateXML("not even a document")


def test_processors_are_compared_by_their_features(domain: Any) -> None:
    hosts = [f"<cpu><arch>x86_64</arch><model>{model}</model></cpu>" for model in ("Haswell", "Broadwell")]
    assert ">Haswell</model>" in domain.connect().baselineCPU(hosts)


@pytest.mark.parametrize(("given", "kept"), [("vnet7", "testnet0"), ("macvtap0", "testnet0"), ("mine", "mine")])
def test_a_name_that_a_host_made_up_for_an_interface_is_not_kept(domain: Any, given: str, kept: str) -> None:
    card = f"<interface type='network'><source network='default'/><target dev='{given}'/></interface>"
    guest = f"<name>n</name><memory>1024</memory><os><type>hvm</type></os><devices>{card}</devices>"
    defined = domain.connect().defineXML(f"<domain type='test'>{guest}</domain>")
    assert f"<target dev='{kept}'/>" in defined.XMLDesc()


def test_a_volumes_contents_go_with_it(played: Any, tmp_path: Path) -> None:
    virsh = played.virsh()
    (tmp_path / "in").write_bytes(b"secret")
    for step in ("first", "second"):
        virsh("vol-create-as", "default-pool", "v", "4096")
        virsh("vol-download", "v", str(tmp_path / step), "default-pool", "--length", "6")
        virsh("vol-upload", "v", str(tmp_path / "in"), "default-pool")
        virsh("vol-delete", "v", "default-pool")
    assert (tmp_path / "second").read_bytes() == bytes(6)
