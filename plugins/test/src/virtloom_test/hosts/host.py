"""One host that is played: its domains, and the networks, pools and devices around them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from virtloom.driver import Driver, DriverKind, EventSource, InterceptedCall
from virtloom.driver.interception import CallInterceptor, EventInterceptor
from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef import document
from virtloom.xmldef.chance import drawn_from
from virtloom.xmldef.document import Node as Element
from virtloom.xmldef.network.network import network_of
from virtloom_test.domains.driver import PlayedDomains, TestDomains
from virtloom_test.hosts.devices import TestNodeDevices
from virtloom_test.hosts.node import Node
from virtloom_test.networks import interfaces
from virtloom_test.networks.driver import TestNetworks
from virtloom_test.networks.interfaces import TestInterfaces
from virtloom_test.stage import Stage
from virtloom_test.storage.contents import PlayedStorage
from virtloom_test.storage.driver import TestStorage

ONLY_ASKING = re.compile(r"^(connect|auth)_|_(get|list|lookup|is|has|num)(_|$)")  # procedures that change nothing
INACTIVE = "test-inactive"  # an attribute of ours in descriptions, on what is defined but not started


class TestHost:
    """The drivers of one host; their events are seen by its connections alone.

    :param stage: what it shares with the other hosts.
    :param uri: the URI that opens it, without a transport.
    :param domains: its domains' driver: what libvirt's test driver has, or more.
    :ivar drivers: by kind, as a connection wants them.
    :ivar on_change: called when something may have changed, with no lock held; None if nobody wants to know.
    """

    __test__ = False  # the name begins as pytest's classes do

    def __init__(self, stage: Stage, uri: str, node: Node, domains: type[TestDomains] = TestDomains) -> None:
        host = stage.host
        self.uri = uri
        self.events: EventSource = host.event_source()
        self.random = stage.random(uri)
        self.domains = domains(stage, self.events, node)
        self.networks = TestNetworks(host, self.events)
        self.interfaces = TestInterfaces(host, self.events)
        self.storage = (PlayedStorage if issubclass(domains, PlayedDomains) else TestStorage)(stage, self.events)
        self.devices = TestNodeDevices(stage, self.events)
        parts: tuple[Driver, ...] = (self.domains, self.networks, self.interfaces, self.storage, self.devices)
        self.drivers: Mapping[DriverKind, Driver] = {part.kind: part for part in parts}
        self.on_change: Callable[[], None] | None = None
        self.arm(None, None)

    def add_resources(self, elements: Iterable[Element]) -> None:
        """Put in the networks, interfaces, pools and devices that a node's description has."""
        for element in elements:
            active = element.attrs.pop(INACTIVE, None) is None
            if element.tag == "network":
                self.networks.define_initial(network_of(element), active=active)
            elif element.tag == "interface":
                self.interfaces.define_initial(interfaces.parse(document.write(element)), active=active)
            elif element.tag == "pool":
                self.storage.define_initial(element, active=active)
            elif element.tag == "device":
                self.devices.define_initial(element)

    # What faults do to it (faults.faults.Host).

    def arm(self, calls: CallInterceptor | None, events: EventInterceptor | None) -> None:
        """Put these before its calls and its events."""
        if self.on_change is not None:
            calls = self._telling(calls, self.on_change)
        self.domains.interceptor = calls if self.random is None else self._drawing(calls)
        self.events.interceptor = events

    @staticmethod
    def _telling(calls: CallInterceptor | None, on_change: Callable[[], None]) -> CallInterceptor:
        """An interceptor that tells of each call that may have changed something, before it is answered."""

        def telling(call: InterceptedCall, proceed: Callable[[], Any]) -> Any:
            try:
                answer = proceed() if calls is None else calls(call, proceed)
            except BaseException:
                with suppress(VirtError):  # the call has an error of its own to tell
                    on_change()
                raise
            if not ONLY_ASKING.search(call.procedure):
                on_change()
            return answer

        return telling

    def _drawing(self, calls: CallInterceptor | None) -> CallInterceptor:
        """An interceptor in whose calls everything that is made up comes from this host's seed."""
        assert self.random is not None
        draw = self.random.randbytes

        def drawing(call: InterceptedCall, proceed: Callable[[], Any]) -> Any:
            with drawn_from(draw):
                return proceed() if calls is None else calls(call, proceed)

        return drawing

    def crash(self, name: str) -> None:
        """Let a guest crash; nothing happens if it does not run."""
        self.domains.crash(name)
        if self.on_change is not None:
            self.on_change()

    def abort_work(self, pool: str, volume: str) -> None:
        """Abort what is being done to a volume.

        :raises VirtError: OPERATION_INVALID if nothing is.
        """
        if isinstance(self.storage, PlayedStorage):
            self.storage.abort_work(pool, volume)
        else:
            raise VirtError(ErrorCode.OPERATION_INVALID, f"on '{self.uri}' work on volumes takes no time")
