"""Virtual networks."""

from __future__ import annotations

import ipaddress
from uuid import UUID

from virtloom.driver import DriverHost, EventFamily, EventSource, NameTaken, NetworkDriver
from virtloom.driver.constants.connect import ConnectListAllNetworksFlags as Filter
from virtloom.driver.constants.network import NetworkEventLifecycle as Event
from virtloom.driver.flags import check_flags, selected
from virtloom.driver.handles import NetworkHandle
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.locks import Guarded
from virtloom.xmldef import document
from virtloom.xmldef.document import Node
from virtloom.xmldef.elements import check_name, ordered, root_of, text_of, uuid_of
from virtloom_test.networks.update import updated
from virtloom_test.object_types import NETWORK
from virtloom_test.resources.objects import Kind, Resource, Resources

KIND = Kind("network", NETWORK, ErrorCode.NO_NETWORK, EventFamily.NETWORK)
ORDER = ("name", "uuid", "title", "description", "metadata", "forward", "bridge", "mtu", "mac", "domain", "dns", "vlan",
         "bandwidth", "port", "virtualport", "ip", "route", "portgroup")  # fmt: skip
MODES = ("none", "nat", "route", "open", "bridge", "private", "vepa", "passthrough", "hostdev")
WITH_BRIDGE = ("none", "nat", "route", "open")


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

    def define_initial(self, definition: Node, *, active: bool = True) -> None:
        """Put in a network that is there from the start."""
        self._put(definition, active=active, persistent=True)

    # Finding.

    def connect_list_all_networks(self, flags: int) -> list[NetworkHandle]:
        """`virConnectListAllNetworks`"""
        check_flags(flags, 0x3F, "testConnectListAllNetworks")
        return [
            view.handle
            for view in self._all.views()
            if selected(
                flags,
                (Filter.ACTIVE, Filter.INACTIVE, view.active),
                (Filter.PERSISTENT, Filter.TRANSIENT, view.persistent),
                (Filter.AUTOSTART, Filter.NO_AUTOSTART, view.autostart),
            )
        ]

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
        bridge = self._view(self._all.named(net.name)).definition.find("bridge")
        name = None if bridge is None else bridge.get("name")
        if name is None:
            raise VirtError(ErrorCode.INTERNAL_ERROR, f"network '{net.name}' does not have a bridge name.")
        return name

    def network_get_xml_desc(self, net: NetworkHandle, flags: int) -> str:
        """`virNetworkGetXMLDesc`"""
        check_flags(flags, 0, "testNetworkGetXMLDesc")
        return document.write(self._view(self._all.named(net.name)).definition)

    # Making and unmaking.

    def network_define_xml_flags(self, xml: str, flags: int) -> NetworkHandle:
        """`virNetworkDefineXMLFlags`"""
        check_flags(flags, 1, "testNetworkDefineXMLFlags")
        handle = self._put(parse(xml), active=False, persistent=True)
        self._all.emit(handle, 0, (Event.DEFINED, 0))
        return handle

    def network_create_xml_flags(self, xml: str, flags: int) -> NetworkHandle:
        """`virNetworkCreateXMLFlags`"""
        check_flags(flags, 1, "testNetworkCreateXMLFlags")
        handle = self._put(parse(xml), active=True, persistent=False)
        self._all.emit(handle, 0, (Event.STARTED, 0))
        return handle

    def _put(self, definition: Node, *, active: bool, persistent: bool) -> NetworkHandle:
        name = text_of(definition, "name") or ""
        uuid = UUID(text_of(definition, "uuid") or "").bytes
        handle = NetworkHandle(name, uuid)

        def assign(state: Resource) -> None:
            old = state.handle.name
            if old != name:
                detail = f"network '{old}' is already defined with uuid {UUID(bytes=uuid)}"
                raise VirtError(ErrorCode.OPERATION_FAILED, detail, ErrorDomain.NETWORK)
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
            holder = UUID(bytes=taken.holder.key)  # type: ignore[arg-type]
            detail = f"network '{name}' already exists with uuid {holder}"
            raise VirtError(ErrorCode.OPERATION_FAILED, detail, ErrorDomain.NETWORK) from None
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
            after = updated(state.definition, command, section, parentIndex, xml) if live else state.definition
            if config and state.active:
                state.more = updated(state.more or state.definition, command, section, parentIndex, xml)
            elif config:
                after = updated(state.definition, command, section, parentIndex, xml)
            state.definition = ordered(after, ORDER)


def parse(text: str) -> Node:
    """A network's definition (`virNetworkDefParse`).

    :raises VirtError: XML_ERROR and others, in libvirt's words.
    """
    root = root_of(text, "network_definition", "network", ErrorDomain.NETWORK)
    name = text_of(root, "name")
    if name is None:
        raise VirtError(ErrorCode.NO_NAME, None, ErrorDomain.NETWORK)
    check_name(name, ErrorDomain.NETWORK)
    uuid = uuid_of(root, ErrorDomain.NETWORK)
    made = ordered(root, ORDER)
    _replace(made, Node("uuid", text=str(UUID(bytes=uuid))), after="name")
    mode = _forward(made)
    if mode in WITH_BRIDGE:
        bridge = made.find("bridge") or Node("bridge")
        stp = bridge.get("stp")
        if stp not in (None, "on", "off"):
            detail = f"Invalid value for attribute 'stp' in element 'bridge': '{stp}'."
            raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.XML)
        attrs = {"name": bridge.get("name"), "stp": stp or "on", "delay": bridge.get("delay") or "0"}
        shown = {key: value for key, value in attrs.items() if value is not None}
        made.children = [child for child in made.children if child.tag != "bridge"]
        _replace(made, Node("bridge", shown), after="forward")
    for address in made.all("ip"):
        _check_ip(address, name)
    return made


def _forward(root: Node) -> str:
    forward = root.find("forward")
    if forward is None:
        return "none"
    mode = forward.get("mode") or "nat"
    if mode not in MODES:
        detail = f"unknown forwarding type '{mode}'"
        raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.NETWORK)
    forward.attrs = {"mode": mode, **{key: value for key, value in forward.attrs.items() if key != "mode"}}
    return mode


def _check_ip(node: Node, network: str) -> None:
    text = node.get("address")
    try:
        ipaddress.ip_address(text or "")
    except ValueError:
        detail = f"Invalid address '{text}' in network '{network}'"
        raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.NETWORK) from None


def _replace(root: Node, child: Node, *, after: str) -> None:
    """Put a child behind the last one of those that stand before it, in the place of one of its name."""
    root.children = [one for one in root.children if one.tag != child.tag]
    before = ORDER[: ORDER.index(after) + 1]
    place = max((n + 1 for n, one in enumerate(root.children) if one.tag in before), default=0)
    root.children.insert(place, child)
