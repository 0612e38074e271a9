"""A domain's life in the test driver: states, events in their order, many threads at once; checking on enforce."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from virtloom.driver.constants.domain_event import DomainEventType as Event
from virtloom.driver.constants.domain_state import DomainState
from virtloom.driver.events import EventHub
from virtloom.driver.handles import DomainHandle
from virtloom.driver.host import Directories, DriverHost, HostServices
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import Checker, LockManager, Mode, ObjectGone
from virtloom_test.domains.driver import TestDomains
from virtloom_test.hosts.file import default_host
from virtloom_test.hosts.host import TestHost
from virtloom_test.object_types import ALL
from virtloom_test.stage import Stage


class Played:
    """A host that is played, with what it told of."""

    def __init__(self, folder: Path) -> None:
        self.checker = Checker(Mode.ENFORCE)
        self.hub = EventHub(LockManager("events", self.checker))
        self.background = ThreadPoolExecutor(1)
        services = HostServices(self.hub, lambda what, must: nullcontext(), self.background, lambda kind: None)
        dirs = Directories(folder, folder, folder, folder, folder)
        host = DriverHost("test", LockManager("test", self.checker, ALL), {}, dirs, services)
        self.host: TestHost = default_host(Stage(host))
        self.events: list[tuple[str, int]] = []
        assert self.domains.events is not None
        self.domains.events.add_listener(lambda event: self.events.append((event.handle.name, event.payload[0])))
        self.hub.start()

    @property
    def domains(self) -> TestDomains:
        return self.host.domains

    def told(self, name: str) -> list[int]:
        """The life-cycle events of a domain so far."""
        assert self.hub.flush()
        return [event for who, event in self.events if who == name]


@pytest.fixture
def played(tmp_path: Path) -> Iterator[Played]:
    made = Played(tmp_path)
    yield made
    made.hub.stop()
    made.background.shutdown()
    assert not made.checker.findings


def xml(name: str, uuid: str = "") -> str:
    given = f"<uuid>{uuid}</uuid>" if uuid else ""
    return f"<domain type='test'><name>{name}</name>{given}<memory>65536</memory><os><type>hvm</type></os></domain>"


def refused(call: Callable[[], Any]) -> VirtError:
    with pytest.raises(VirtError) as caught:
        call()
    return caught.value


def test_a_whole_life_is_told_in_order(played: Played) -> None:
    domains = played.domains
    dom = domains.domain_define_xml_flags(xml("guest"), 0)
    running = domains.domain_create_with_flags(dom, 0)
    assert running.id > 0
    domains.domain_suspend(dom)
    assert domains.domain_get_state(dom, 0)[0] == DomainState.PAUSED
    domains.domain_resume(dom)
    domains.domain_shutdown_flags(dom, 0)
    domains.domain_undefine_flags(dom, 0)
    wanted = [Event.DEFINED, Event.STARTED, Event.SUSPENDED, Event.RESUMED, Event.STOPPED, Event.UNDEFINED]
    assert played.told("guest") == wanted
    assert refused(lambda: domains.domain_get_state(dom, 0)).code is ErrorCode.NO_DOMAIN


def test_a_transient_domain_is_no_more_when_it_stops(played: Played) -> None:
    dom = played.domains.domain_create_xml(xml("short"), 0)
    played.domains.domain_destroy_flags(dom, 0)
    assert refused(lambda: played.domains.domain_lookup_by_name("short")).code is ErrorCode.NO_DOMAIN


def test_a_definition_that_changes_under_a_running_guest_is_for_its_next_start(played: Played) -> None:
    domains = played.domains
    dom = domains.domain_define_xml_flags(xml("guest", "11111111-2222-3333-4444-555555555555"), 0)
    domains.domain_create_with_flags(dom, 0)
    larger = xml("guest", "11111111-2222-3333-4444-555555555555").replace("65536", "131072")
    domains.domain_define_xml_flags(larger, 0)
    assert domains.domain_get_max_memory(dom) == 65536
    domains.domain_destroy_flags(dom, 0)
    assert domains.domain_get_max_memory(dom) == 131072


def test_names_and_uuids_belong_to_one_domain(played: Played) -> None:
    define = played.domains.domain_define_xml_flags
    define(xml("one", "11111111-2222-3333-4444-555555555555"), 0)
    assert "already exists with uuid" in refused(lambda: define(xml("one"), 0)).message
    other = xml("two", "11111111-2222-3333-4444-555555555555")
    assert "is already defined with uuid" in refused(lambda: define(other, 0)).message


def test_a_rename_that_clashes_changes_nothing(played: Played) -> None:
    domains = played.domains
    dom = domains.domain_define_xml_flags(xml("one"), 0)
    domains.domain_define_xml_flags(xml("two"), 0)
    assert refused(lambda: domains.domain_rename(dom, "two", 0)).code is ErrorCode.OPERATION_INVALID
    assert domains.domain_lookup_by_name("one").uuid == dom.uuid
    domains.domain_rename(dom, "three", 0)
    assert domains.domain_lookup_by_name("three").uuid == dom.uuid
    assert refused(lambda: domains.domain_lookup_by_name("one")).code is ErrorCode.NO_DOMAIN


def test_bad_xml_changes_nothing(played: Played) -> None:
    before = played.domains.connect_list_all_domains(0)
    refused(lambda: played.domains.domain_define_xml_flags("<domain type='test'><name>x</name></domain>", 0))
    assert played.domains.connect_list_all_domains(0) == before


def test_a_saved_domain_comes_back_from_its_file(played: Played, tmp_path: Path) -> None:
    domains, image = played.domains, tmp_path / "image"
    dom = domains.domain_create_xml(xml("guest"), 0)
    domains.domain_save_flags(dom, str(image), None, 0)
    assert image.read_bytes().startswith(b"TestGuestMagic\0")
    domains.domain_restore_flags(str(image), None, 0)
    assert domains.domain_lookup_by_name("guest").uuid == dom.uuid


def test_an_image_that_is_none_is_refused_by_name(played: Played, tmp_path: Path) -> None:
    image = tmp_path / "image"
    image.write_bytes(b"nonsense that is long enough to have a header")
    assert (
        "mismatched header magic" in refused(lambda: played.domains.domain_restore_flags(str(image), None, 0)).message
    )


def test_many_threads_define_start_stop_and_forget(played: Played) -> None:
    """Every domain ends forgotten, and each one's events are those of whole lives."""
    domains = played.domains

    def live(name: str) -> None:
        for _ in range(10):
            dom = domains.domain_define_xml_flags(xml(name), 0)
            domains.domain_create_with_flags(dom, 0)
            domains.connect_list_all_domains(0)
            domains.domain_destroy_flags(dom, 0)
            domains.domain_undefine_flags(dom, 0)

    with ThreadPoolExecutor(8) as pool:
        done, _ = wait([pool.submit(live, f"guest{number}") for number in range(8)])
    for one in done:
        one.result()
    assert [dom.name for dom in domains.connect_list_all_domains(0)] == ["test"]
    for number in range(8):
        assert played.told(f"guest{number}") == [Event.DEFINED, Event.STARTED, Event.STOPPED, Event.UNDEFINED] * 10


def test_threads_that_fight_over_one_domain_leave_it_whole(played: Played) -> None:
    """Whatever the order, each call succeeds or is refused as libvirt refuses it, and the domain is found or not."""
    domains = played.domains
    uuid = str(uuid4())
    handle = DomainHandle("prize", domains.domain_define_xml_flags(xml("prize", uuid), 0).uuid, -1)
    calls: list[Callable[[], Any]] = [
        lambda: domains.domain_define_xml_flags(xml("prize", uuid), 0),
        lambda: domains.domain_undefine_flags(handle, 0),
        lambda: domains.domain_create_with_flags(handle, 0),
        lambda: domains.domain_destroy_flags(handle, 0),
        lambda: domains.domain_rename(handle, "other", 0),
        lambda: domains.domain_lookup_by_name("prize"),
    ]

    def fight(seed: int) -> None:
        for turn in range(60):
            try:
                calls[(seed * 7 + turn * 5) % len(calls)]()
            except (VirtError, ObjectGone):
                continue

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(fight, range(6)))
    found = [dom for dom in domains.connect_list_all_domains(0) if dom.uuid == handle.uuid]
    for dom in found:
        assert domains.domain_lookup_by_name(dom.name).uuid == dom.uuid
        assert domains.domain_lookup_by_uuid(dom.uuid).name == dom.name
