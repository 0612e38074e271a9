"""Virtual networks."""

from __future__ import annotations

from uuid import UUID

from virtloom.driver import DriverHost, EventFamily, EventSource, NameTaken, NetworkDriver
from virtloom.driver.constants.connect import ConnectListAllNetworksFlags as Filter
from virtloom.driver.constants.network import NetworkEventLifecycle as Event
from virtloom.driver.flags import check_flags, stands
from virtloom.driver.handles import NetworkHandle
from virtloom.driver.resources.refusals import name_is_taken, uuid_is_taken
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.locks import Guarded
from virtloom.xmldef.network.network import Network, parse_network
from virtloom.xmldef.network.update import updated
from virtloom_test.object_types import NETWORK
from virtloom_test.resources.objects import Kind, Resource, Resources

KIND = Kind("network", NETWORK, ErrorCode.NO_NETWORK, EventFamily.NETWORK)


class TestNetworks(NetworkDriver):
    """One host's networks. In `virNetworkObj` the definition of a running network is what is changed and shown."""

    __test__ = False  # the name begins as pytest's classes do
    error_domain = ErrorDomain.TEST

    def __init__(self, host: DriverHost, events: EventSource) -> None:
        self.events = events
        self._all = Resources(KIND, host, events)

    def views(self) -> list[Resource]:
        """Each as it was at its last change."""
        return self._all.views()

    def define_initial(self, definition: Network, *, active: bool = True) -> None:
        """Put in a network that is there from the start."""
        self._put(definition, active=active, persistent=True)

    # Finding.

    def connect_list_all_networks(self, flags: int) -> list[NetworkHandle]:
        """`virConnectListAllNetworks`"""
        check_flags(flags, 0x3F, "testConnectListAllNetworks")
        return [view.handle for view in self._all.views() if stands(flags, Filter, view)]

    def network_lookup_by_name(self, name: str) -> NetworkHandle:
        """`virNetworkLookupByName`"""
        return self._view(self._all.named(name)).handle  # type: ignore[no-any-return]

    def network_lookup_by_uuid(self, uuid: bytes) -> NetworkHandle:
        """`virNetworkLookupByUUID`"""
        return self._view(self._found(uuid)).handle  # type: ignore[no-any-return]

    def _found(self, uuid: bytes) -> Guarded[Resource]:
        return self._all.keyed(uuid, str(UUID(bytes=uuid)))

    def _view(self, found: Guarded[Resource]) -> Resource:
        view: Resource = found.published
        return view

    def network_is_active(self, net: NetworkHandle) -> bool:
        """`virNetworkIsActive`"""
        return self._view(self._found(net.uuid)).active

    def network_is_persistent(self, net: NetworkHandle) -> bool:
        """`virNetworkIsPersistent`"""
        return self._view(self._found(net.uuid)).persistent

    def network_get_autostart(self, net: NetworkHandle) -> bool:
        """`virNetworkGetAutostart`"""
        return self._view(self._all.named(net.name)).autostart

    def network_get_bridge_name(self, net: NetworkHandle) -> str:
        """`virNetworkGetBridgeName`"""
        definition: Network = self._view(self._all.named(net.name)).definition
        name = definition.bridge_name
        if name is None:
            raise VirtError(ErrorCode.INTERNAL_ERROR, f"network '{net.name}' does not have a bridge name.")
        return name

    def network_get_xml_desc(self, net: NetworkHandle, flags: int) -> str:
        """`virNetworkGetXMLDesc`"""
        check_flags(flags, 0, "testNetworkGetXMLDesc")
        definition: Network = self._view(self._all.named(net.name)).definition
        return definition.format()

    # Making and unmaking.

    def network_define_xml_flags(self, xml: str, flags: int) -> NetworkHandle:
        """`virNetworkDefineXMLFlags`"""
        check_flags(flags, 1, "testNetworkDefineXMLFlags")
        handle = self._put(parse_network(xml), active=False, persistent=True)
        self._all.emit(handle, 0, (Event.DEFINED, 0))
        return handle

    def network_create_xml_flags(self, xml: str, flags: int) -> NetworkHandle:
        """`virNetworkCreateXMLFlags`"""
        check_flags(flags, 1, "testNetworkCreateXMLFlags")
        handle = self._put(parse_network(xml), active=True, persistent=False)
        self._all.emit(handle, 0, (Event.STARTED, 0))
        return handle

    def _put(self, definition: Network, *, active: bool, persistent: bool) -> NetworkHandle:
        name, uuid = definition.name, definition.uuid
        handle = NetworkHandle(name, uuid)

        def assign(state: Resource) -> None:
            old = state.handle.name
            if old != name:
                raise uuid_is_taken("network", old, uuid, ErrorDomain.NETWORK)
            if active and not persistent and state.active:
                detail = f"network is already active as '{name}'"
                raise VirtError(ErrorCode.OPERATION_INVALID, detail, ErrorDomain.NETWORK)
            if not state.active or active:
                state.definition = definition
            state.active = state.active or active
            state.persistent = state.persistent or persistent

        try:
            made: NetworkHandle = self._all.put(uuid, name, lambda: Resource(handle, definition), assign)
        except NameTaken as taken:
            raise name_is_taken("network", taken, ErrorDomain.NETWORK) from None
        return made

    def network_undefine(self, net: NetworkHandle) -> None:
        """`virNetworkUndefine`"""
        with self._all.changing(self._all.named(net.name)) as state:
            if state.active:
                raise VirtError(ErrorCode.OPERATION_INVALID, f"Network '{net.name}' is still running")
            state.persistent = False
            self._all.emit(state.handle, 0, (Event.UNDEFINED, 0))

    def network_create(self, net: NetworkHandle) -> None:
        """`virNetworkCreate`"""
        with self._all.changing(self._all.named(net.name)) as state:
            if state.active:
                raise VirtError(ErrorCode.OPERATION_INVALID, f"Network '{net.name}' is already running")
            state.active = True
            self._all.emit(state.handle, 0, (Event.STARTED, 0))

    def network_destroy(self, net: NetworkHandle) -> None:
        """`virNetworkDestroy`"""
        with self._all.changing(self._all.named(net.name)) as state:
            state.active = False
            if state.more is not None:  # what was changed for the next start
                state.definition, state.more = state.more, None
            self._all.emit(state.handle, 0, (Event.STOPPED, 0))

    def network_set_autostart(self, net: NetworkHandle, autostart: int) -> None:
        """`virNetworkSetAutostart`"""
        with self._all.changing(self._all.named(net.name)) as state:
            if not state.persistent:
                raise VirtError(ErrorCode.OPERATION_INVALID, "cannot set autostart for transient network")
            state.autostart = bool(autostart)

    def network_update(
        self, net: NetworkHandle, command: int, section: int, parentIndex: int, xml: str, flags: int
    ) -> None:
        """`virNetworkUpdate`"""
        check_flags(flags, 3, "testNetworkUpdate")
        with self._all.changing(self._found(net.uuid)) as state:
            live = bool(flags & 1) or (not flags & 2 and state.active)
            if live and not state.active:
                detail = "network is not running"
                raise VirtError(ErrorCode.OPERATION_INVALID, detail, ErrorDomain.NETWORK)
            config = bool(flags & 2) or not state.active
            if config and not state.persistent:
                detail = "cannot change persistent config of a transient network"
                raise VirtError(ErrorCode.OPERATION_INVALID, detail, ErrorDomain.NETWORK)
            after = updated(state.definition, command, section, parentIndex, xml) if live else state.definition
            if config and state.active:
                state.more = updated(state.more or state.definition, command, section, parentIndex, xml)
            elif config:
                after = updated(state.definition, command, section, parentIndex, xml)
            state.definition = after
