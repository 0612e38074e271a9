"""What a driver's method receives and returns, against what the wire carries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from sessions import connect
from virtloom.api import contract
from virtloom.driver import HypervisorDriver, Stream
from virtloom.driver.handles import DomainHandle, DomainSnapshotHandle
from virtloom.driver.params import TypedParam, string, uint
from virtloom.xdr import Kept, Piece

POLLY = DomainHandle("polly", b"p" * 16, 1)
KIKI = DomainHandle("kiki", b"k" * 16, -1)
STRINGS_OKAY = 4


class Parrot(HypervisorDriver):
    def __init__(self) -> None:
        self.received: list[Any] = []

    def connect_list_all_domains(self, flags: int) -> list[DomainHandle]:
        return [dom for dom in (POLLY, KIKI) if not flags & 1 or dom.id >= 0]

    def domain_get_blkio_parameters(self, dom: DomainHandle, flags: int) -> list[TypedParam]:
        self.received.append(flags)
        return [uint("weight", 4), string("device_weight", "/x,1")]

    def domain_set_blkio_parameters(self, dom: DomainHandle, params: Sequence[TypedParam], flags: int) -> None:
        self.received.append(params)

    def domain_get_info(self, dom: DomainHandle) -> tuple[int, int, int, int, int]:
        return (1, 2, 3, 4, 5)

    def domain_define_xml_flags(self, xml: str, flags: int) -> DomainHandle:
        self.received.append(flags)
        return POLLY

    def domain_rename(self, dom: DomainHandle, new_name: str, flags: int) -> None:
        self.received.append(new_name)

    def domain_memory_stats(self, dom: DomainHandle, flags: int) -> list[tuple[int, int]]:
        return [(6, 100), (7, 200)]

    def connect_get_all_domain_stats(self, doms: list[DomainHandle], stats: int, flags: int) -> list[Any]:
        return [(POLLY, [uint("state.state", 1)])]

    def domain_list_all_snapshots(self, dom: DomainHandle, flags: int) -> list[DomainSnapshotHandle]:
        return [DomainSnapshotHandle("s1", dom), DomainSnapshotHandle("s2", dom)]

    def domain_screenshot(self, dom: DomainHandle, screen: int, flags: int, stream: Stream) -> str:
        self.received.append(stream)
        return "image/png"

    def node_get_cpu_stats(self, cpuNum: int, flags: int) -> list[tuple[str, int]]:  # noqa: N803 - the wire's name
        return [("user", 1), ("kernel", 2)]


def test_a_list_is_counted_and_left_out_when_only_its_length_is_wanted() -> None:
    connected = connect(Parrot())
    assert connected.call("connect_list_all_domains", 1, 0) == ([POLLY, KIKI], 2)
    assert connected.call("connect_list_all_domains", 0, 0) == ([], 2)


def test_the_old_lists_come_of_the_new_one() -> None:
    connected = connect(Parrot())
    assert connected.call("connect_num_of_domains").num == 1
    assert connected.call("connect_list_domains", 10).ids == [1]
    assert connected.call("connect_list_domains", 0).ids == []
    assert connected.call("domain_snapshot_num", POLLY, 0).num == 2
    assert connected.call("domain_snapshot_list_names", POLLY, 1, 0).names == ["s1"]


def test_parameters_are_counted_listed_and_cut() -> None:
    driver = Parrot()
    connected = connect(driver)
    call = "domain_get_blkio_parameters"
    assert connected.call(call, POLLY, 0, 0) == ([], 1)
    assert connected.call(call, POLLY, 0, STRINGS_OKAY) == ([], 2)
    both = [("weight", (2, 4)), ("device_weight", (7, "/x,1"))]
    assert connected.call(call, POLLY, 2, STRINGS_OKAY) == (both, 0)
    assert connected.call(call, POLLY, 1, STRINGS_OKAY) == (both[:1], 0)
    assert set(driver.received) == {0}, "the driver is not told what the client can take"


def test_parameters_arrive_as_values() -> None:
    driver = Parrot()
    connect(driver).call("domain_set_blkio_parameters", POLLY, [("weight", (2, 4)), ("on", (6, 1))], 0)
    assert driver.received == [[TypedParam("weight", 2, 4), TypedParam("on", 6, True)]]


def test_results_of_one_field_several_fields_and_none() -> None:
    connected = connect(Parrot())
    assert connected.call("domain_define_xml_flags", "<domain/>", 3).dom == POLLY
    assert connected.call("domain_get_info", POLLY) == (1, 2, 3, 4, 5)
    assert connected.call("domain_rename", POLLY, "kiki", 0).retcode == 0


def test_calls_without_flags_are_answered_by_those_with() -> None:
    driver = Parrot()
    assert connect(driver).call("domain_define_xml", "<domain/>").dom == POLLY
    assert driver.received == [0]


def kept_statistics() -> Any:
    """What a client gets of statistics that are kept."""
    driver: Any = Parrot()
    kept = Kept([Piece([(POLLY, [uint("state.state", 1)])])])
    driver.connect_get_all_domain_stats = lambda doms, stats, flags: kept
    return connect(driver).call("connect_get_all_domain_stats", [], 0, 0).retStats


def test_structs_and_records() -> None:
    connected = connect(Parrot())
    assert connected.call("domain_memory_stats", POLLY, 1, 0).stats == [(6, 100)]
    assert connected.call("connect_get_all_domain_stats", [], 0, 0).retStats == [(POLLY, [("state.state", (2, 1))])]
    assert kept_statistics() == [(POLLY, [("state.state", (2, 1))])]
    assert connected.call("node_get_cpu_stats", 0, 0, 0) == ([], 2)
    assert connected.call("node_get_cpu_stats", 0, 2, 0) == ([("user", 1), ("kernel", 2)], 0)


def test_a_stream_is_the_last_argument_and_part_of_the_reply() -> None:
    driver = Parrot()
    reply = connect(driver).reply("domain_screenshot", POLLY, 0, 0)
    assert reply.value == ("image/png",)
    assert driver.received == [reply.stream]


def test_the_contract_finds_no_fault_with_this_driver() -> None:
    assert contract.check(Parrot()) == []
    assert {"domain_get_info", "domain_define_xml", "connect_num_of_domains"} <= set(contract.supported(Parrot()))
    assert "domain_suspend" not in contract.supported(Parrot())


class Slips(HypervisorDriver):
    def domain_suspnd(self, dom: DomainHandle) -> None: ...

    def domain_resume(self) -> None: ...

    def feed(self) -> None: ...


@pytest.mark.parametrize(
    "told",
    [
        "the method domain_suspnd answers no procedure; did you mean domain_suspend?",
        "the method domain_resume must take (dom), besides self; calls of it will fail",
    ],
)
def test_the_contract_tells_of_slips(told: str) -> None:
    assert told in contract.check(Slips())
    assert len(contract.check(Slips())) == 2


class Counting(HypervisorDriver):
    def domain_get_cpu_stats(
        self, dom: DomainHandle, nparams: int, start_cpu: int, ncpus: int, flags: int
    ) -> tuple[list[TypedParam], int]:
        return [uint("cpu_time", ncpus)][:nparams], 1


def test_a_call_whose_count_is_an_answer_of_its_own_sees_all_arguments() -> None:
    assert contract.check(Counting()) == []
    connected = connect(Counting())
    assert connected.call("domain_get_cpu_stats", POLLY, 1, 0, 2, 0) == ([("cpu_time", (2, 2))], 1)
    assert connected.call("domain_get_cpu_stats", POLLY, 0, 0, 2, 0) == ([], 1)
