"""The loads: what is called, over how many connections, among how many guests, and what ratio is the goal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from benchmarks.clients.frames import call, domain_handle, domain_xml
from benchmarks.clients.rawclient import RawClient
from benchmarks.targets import Target
from virtloom.driver.handles import DomainHandle

TEST_UUID = bytes.fromhex("6695eb01f6a4830479aa97f2502e193f")  # of the guest that both daemons have from the start
FLAG_NEED_RESULTS = 1
OTHERS = 500  # guests that one connection defines and undefines before it begins again


class Population(NamedTuple):
    """The guests that are there besides the one that the test driver brings.

    :ivar guests: how many.
    :ivar running: whether they run.
    """

    guests: int = 0
    running: bool = False

    def settle(self, target: Target) -> RawClient:
        """Define them; the connection is to be kept, since the test driver's host goes with the last one."""
        client = RawClient(target.socket)
        for number in range(self.guests):
            dom = client.call("domain_define_xml", domain_xml(number)).dom
            if self.running:
                client.call("domain_create", dom)
        return client


class Load(NamedTuple):
    """One load.

    :ivar frames: the frames that the numbered connection repeats.
    :ivar goal: the ratio to libvirtd's rate that is to be reached.
    """

    name: str
    frames: Callable[[int], Sequence[bytes]]
    connections: Sequence[int]
    goal: float
    population: Population = Population()


def _test_domain() -> DomainHandle:
    return DomainHandle("test", TEST_UUID, 1)


def _define_and_undefine(connection: int) -> Sequence[bytes]:
    number = 1_000_000 + connection
    return call("domain_define_xml", domain_xml(number)), call("domain_undefine", domain_handle(number))


def define_others(connection: int) -> Sequence[bytes]:
    """Always another guest, until long after any memory of documents has forgotten the first one."""
    numbers = range(2_000_000 + connection * OTHERS, 2_000_000 + (connection + 1) * OTHERS)
    return [
        frame
        for number in numbers
        for frame in (call("domain_define_xml", domain_xml(number)), call("domain_undefine", domain_handle(number)))
    ]


def _change_and_list(connection: int) -> Sequence[bytes]:
    """A list, each time after a guest was started or destroyed, so that it is another list."""
    guest, listed = domain_handle(0), call("connect_list_all_domains", FLAG_NEED_RESULTS, 0)
    return call("domain_create", guest), listed, call("domain_destroy", guest), listed


def _start_and_destroy(connection: int) -> Sequence[bytes]:
    return call("domain_create", domain_handle(connection)), call("domain_destroy", domain_handle(connection))


def _once(frame: Callable[[], bytes]) -> Callable[[int], Sequence[bytes]]:
    return lambda connection: (frame(),)


ORDINARY = (1, 8, 64)
LIST = _once(lambda: call("connect_list_all_domains", FLAG_NEED_RESULTS, 0))
LOADS = (
    Load("library version", _once(lambda: call("connect_get_lib_version")), ORDINARY, 2.0),
    Load("look-up by name", _once(lambda: call("domain_lookup_by_name", "test")), ORDINARY, 2.0),
    Load("domain info", _once(lambda: call("domain_get_info", _test_domain())), ORDINARY, 2.0),
    Load("domain XML", _once(lambda: call("domain_get_xml_desc", _test_domain(), 0)), ORDINARY, 2.0),
    Load("define and undefine", _define_and_undefine, (8,), 1.5),
    Load("define and undefine, always another", define_others, (8,), 1.5),
    Load("start and destroy", _start_and_destroy, (8,), 1.5, Population(8)),
    Load("list all of 1,000", LIST, (1,), 4.0, Population(1000)),
    Load("list all of 10,000", LIST, (1,), 4.0, Population(10000)),
    Load("list all of 10,000, changed before each", _change_and_list, (1,), 4.0, Population(10000)),
    Load(
        "statistics of 1,000 running",
        _once(lambda: call("connect_get_all_domain_stats", [], 0, 0)),
        (1,),
        2.0,
        Population(1000, running=True),
    ),
)
