"""The host's interfaces, and the change that can be taken back."""

from __future__ import annotations

from virtloom.driver import DriverHost, EventSource, InterfaceDriver
from virtloom.driver.flags import check_flags, selected
from virtloom.driver.handles import InterfaceHandle
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.locks import Guarded, Level
from virtloom.xmldef import document
from virtloom.xmldef.document import Node
from virtloom.xmldef.elements import ordered, root_of
from virtloom_test.object_types import INTERFACE
from virtloom_test.resources.objects import Kind, Resource, Resources

KIND = Kind("interface", INTERFACE, ErrorCode.NO_INTERFACE, None)
ORDER = ("start", "mtu", "protocol", "bond", "bridge", "vlan", "mac")
TYPES = ("ethernet", "bridge", "bond", "vlan")
INACTIVE, ACTIVE = 1, 2

Saved = list[Node]


class TestInterfaces(InterfaceDriver):
    """One host's interfaces."""

    __test__ = False  # the name begins as pytest's classes do
    error_domain = ErrorDomain.TEST

    def __init__(self, host: DriverHost, events: EventSource) -> None:
        self.events = None
        self._all = Resources(KIND, host, events)
        self._lock = host.locks.lock("interface change", Level.LEAF)
        self._saved: Saved | None = None

    def views(self) -> list[Resource]:
        """Each as it was at its last change."""
        return self._all.views()

    def define_initial(self, definition: Node, *, active: bool = True) -> None:
        """Put in an interface that is there from the start."""
        self._put(definition, active=active)

    def _put(self, definition: Node, *, active: bool = False) -> InterfaceHandle:
        name = definition.get("name") or ""
        element = definition.find("mac")
        handle = InterfaceHandle(name, (element.get("address") if element is not None else None) or "")

        def assign(state: Resource) -> None:
            state.handle, state.definition = handle, definition
            state.active = state.active or active
            state.persistent = True

        made: InterfaceHandle = self._all.put(name, name, lambda: Resource(handle, definition), assign)
        return made

    def connect_list_all_interfaces(self, flags: int) -> list[InterfaceHandle]:
        """`virConnectListAllInterfaces`"""
        check_flags(flags, ACTIVE | INACTIVE, "testConnectListAllInterfaces")
        return [v.handle for v in self._all.views() if selected(flags, (ACTIVE, INACTIVE, v.active))]

    def interface_lookup_by_name(self, name: str) -> InterfaceHandle:
        """`virInterfaceLookupByName`"""
        view: Resource = self._all.named(name).published
        handle: InterfaceHandle = view.handle
        return handle

    def interface_lookup_by_mac_string(self, mac: str) -> InterfaceHandle:
        """`virInterfaceLookupByMACString`: a bridge has its ports' addresses too."""
        found: list[InterfaceHandle] = [view.handle for view in self._all.views() if mac in _macs(view)]
        inside = self._inside(found)
        if len(found) + inside > 1:
            raise VirtError(ErrorCode.MULTIPLE_INTERFACES)
        if not found:
            raise self._all.missing("mac", mac)
        return found[0]

    def _inside(self, found: list[InterfaceHandle]) -> int:
        """How many others hold one of these as a part of themselves."""
        names = {handle.name for handle in found}
        bridges = [view for view in self._all.views() if view.handle.name not in names]
        return sum(any(port.get("name") in names for port in _ports(view.definition)) for view in bridges)

    def interface_is_active(self, iface: InterfaceHandle) -> bool:
        """`virInterfaceIsActive`"""
        view: Resource = self._all.named(iface.name).published
        return view.active

    def interface_get_xml_desc(self, iface: InterfaceHandle, flags: int) -> str:
        """`virInterfaceGetXMLDesc`"""
        check_flags(flags, 0, "testInterfaceGetXMLDesc")
        view: Resource = self._all.named(iface.name).published
        return document.write(view.definition)

    def interface_define_xml(self, xml: str, flags: int) -> InterfaceHandle:
        """`virInterfaceDefineXML`"""
        check_flags(flags, 1, "testInterfaceDefineXML")
        return self._put(parse(xml))

    def interface_undefine(self, iface: InterfaceHandle) -> None:
        """`virInterfaceUndefine`"""
        self._forget(self._all.named(iface.name))

    def _forget(self, found: Guarded[Resource]) -> None:
        with self._all.changing(found) as state:
            state.active = state.persistent = False

    def interface_create(self, iface: InterfaceHandle, flags: int) -> None:
        """`virInterfaceCreate`"""
        check_flags(flags, 0, "testInterfaceCreate")
        self._set_active(iface, True)

    def interface_destroy(self, iface: InterfaceHandle, flags: int) -> None:
        """`virInterfaceDestroy`"""
        check_flags(flags, 0, "testInterfaceDestroy")
        self._set_active(iface, False)

    def _set_active(self, iface: InterfaceHandle, active: bool) -> None:
        with self._all.changing(self._all.named(iface.name)) as state:
            if state.active is active:
                raise VirtError(ErrorCode.OPERATION_INVALID)
            state.active = active

    # A change that can be taken back.

    def interface_change_begin(self, flags: int) -> None:
        """`virInterfaceChangeBegin`"""
        check_flags(flags, 0, "testInterfaceChangeBegin")
        saved = [view.definition for view in self._all.views()]
        with self._lock:
            running, self._saved = self._saved is not None, saved if self._saved is None else self._saved
        if running:
            raise VirtError(ErrorCode.OPERATION_INVALID, "there is another transaction running.")

    def interface_change_commit(self, flags: int) -> None:
        """`virInterfaceChangeCommit`"""
        check_flags(flags, 0, "testInterfaceChangeCommit")
        self._end("no transaction running, nothing to be committed.")

    def interface_change_rollback(self, flags: int) -> None:
        """`virInterfaceChangeRollback`"""
        check_flags(flags, 0, "testInterfaceChangeRollback")
        saved = self._end("no transaction running, nothing to rollback.")
        names = {definition.get("name") for definition in saved}
        for one in self._all.objects:
            if one.key not in names:
                self._forget(one)
        for definition in saved:
            handle = self._put(definition)
            with self._all.changing(self._all.named(handle.name)) as state:
                state.active = False  # libvirt's copies of them are never active

    def _end(self, otherwise: str) -> Saved:
        with self._lock:
            saved, self._saved = self._saved, None
        if saved is None:
            raise VirtError(ErrorCode.OPERATION_INVALID, otherwise)
        return saved


def _macs(view: Resource) -> set[str]:
    return {view.handle.mac}


def _ports(definition: Node) -> list[Node]:
    """The interfaces that a bridge, a bond or a VLAN is made of."""
    return [port for child in definition.children for port in child.all("interface")]


def parse(text: str) -> Node:
    """An interface's definition (`virInterfaceDefParse`).

    :raises VirtError: XML_ERROR, in libvirt's words.
    """
    root = root_of(text, "interface_definition", "interface", ErrorDomain.INTERFACE)
    kind = root.get("type")
    if kind is None:
        raise VirtError(ErrorCode.XML_ERROR, "interface misses the type attribute", ErrorDomain.INTERFACE)
    if kind not in TYPES:
        detail = f"Invalid value for attribute 'type' in element 'interface': '{kind}'."
        raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.NONE)
    if not root.get("name"):
        raise VirtError(ErrorCode.XML_ERROR, "interface has no name", ErrorDomain.INTERFACE)
    mode = root.find("start").get("mode") if root.find("start") is not None else None  # type: ignore[union-attr]
    if mode not in (None, "onboot", "none", "hotplug"):
        raise VirtError(ErrorCode.XML_ERROR, f"unknown interface startmode {mode}", ErrorDomain.INTERFACE)
    return ordered(root, ORDER)
