"""The host's devices, and virtual adapters that can be made and destroyed."""

from __future__ import annotations

import copy

from virtloom.driver import EventFamily, EventSource, NodeDeviceDriver
from virtloom.driver.constants.node_device import NodeDeviceEventLifecycle as Event
from virtloom.driver.flags import check_flags
from virtloom.driver.handles import NodeDeviceHandle
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef import document
from virtloom.xmldef.document import Node
from virtloom.xmldef.elements import root_of, text_of
from virtloom_test.object_types import DEVICE
from virtloom_test.resources.objects import Kind, Resource, Resources
from virtloom_test.stage import Stage

KIND = Kind("node device", DEVICE, ErrorCode.NO_NODE_DEVICE, EventFamily.NODE_DEVICE)
# The flag of each capability (`virConnectListAllNodeDeviceFlags`).
CAPABILITIES = {
    name: 1 << number
    for number, name in enumerate(
        ("system", "pci", "usb_device", "usb", "net", "scsi_host", "scsi_target", "scsi", "storage", "fc_host",
         "vports", "scsi_generic", "drm", "mdev_types", "mdev", "ccw", "css", "vdpa", "ap_card", "ap_queue",
         "ap_matrix", "vpd")
    )
}  # fmt: skip
ACTIVE = 1 << 31  # VIR_CONNECT_LIST_NODE_DEVICES_ACTIVE
TEMPLATE = "scsi_host11"  # what a virtual adapter is made after
CREATED = "scsi_host12"


class TestNodeDevices(NodeDeviceDriver):
    """One host's devices."""

    __test__ = False  # the name begins as pytest's classes do
    error_domain = ErrorDomain.TEST

    def __init__(self, stage: Stage, events: EventSource) -> None:
        self.events = events
        self._all = Resources(KIND, stage.host, events)
        # virsh asks for the active ones, which libvirt's test driver refuses although all of its devices are.
        self._filters = sum(CAPABILITIES.values()) | (ACTIVE if stage.options.extras else 0)

    def views(self) -> list[Resource]:
        """Each as it was at its last change."""
        return self._all.views()

    def define_initial(self, definition: Node) -> None:
        """Put in a device that is there from the start."""
        for capability in definition.all("capability"):
            if capability.get("type") == "system" and capability.find("firmware") is None:
                capability.add("firmware")
            for inner in capability.all("capability"):  # ports are counted on the real host, which has none of them
                if inner.get("type") == "vport_ops":
                    inner.children = [Node(tag, text="0") for tag in ("max_vports", "vports")]
        self._put(definition)

    def _put(self, definition: Node) -> NodeDeviceHandle:
        name = text_of(definition, "name") or ""
        handle = NodeDeviceHandle(name)

        def assign(state: Resource) -> None:
            state.definition, state.active, state.persistent = definition, True, True

        made: NodeDeviceHandle = self._all.put(name, name, lambda: Resource(handle, definition), assign)
        return made

    def _definition(self, name: str) -> Node:
        view: Resource = self._all.named(name).published
        definition: Node = view.definition
        return definition

    def connect_list_all_node_devices(self, flags: int) -> list[NodeDeviceHandle]:
        """`virConnectListAllNodeDevices`"""
        check_flags(flags, self._filters, "testConnectListAllNodeDevices")
        wanted = {name for name, flag in CAPABILITIES.items() if flags & flag}
        views = self._all.views()
        return [view.handle for view in views if not wanted or wanted & set(capabilities(view.definition))]

    def node_device_lookup_by_name(self, name: str) -> NodeDeviceHandle:
        """`virNodeDeviceLookupByName`"""
        handle: NodeDeviceHandle = self._all.named(name).published.handle
        return handle

    def node_device_get_xml_desc(self, name: str, flags: int) -> str:
        """`virNodeDeviceGetXMLDesc`"""
        check_flags(flags, 0, "testNodeDeviceGetXMLDesc")
        return document.write(self._definition(name))

    def node_device_get_parent(self, name: str) -> str:
        """`virNodeDeviceGetParent`"""
        parent = text_of(self._definition(name), "parent")
        if parent is None:
            raise VirtError(ErrorCode.INTERNAL_ERROR, "no parent for this device")
        return parent

    def node_device_list_caps(self, name: str) -> list[str]:
        """`virNodeDeviceListCaps`"""
        return [one.get("type") or "" for one in self._definition(name).all("capability")]

    def node_device_create_xml(self, xml_desc: str, flags: int) -> NodeDeviceHandle:
        """`virNodeDeviceCreateXML`: a virtual adapter, made after one that there is."""
        check_flags(flags, 1, "testNodeDeviceCreateXML")
        root = root_of(xml_desc, "node_device_definition", "device", ErrorDomain.NODEDEV)
        _check_new(root)
        parent = text_of(root, "parent")
        names = names_of(root)
        if names is None:
            raise _wrong("Device is not a fibre channel HBA")
        if parent is not None and self._all.objects.find_name(parent) is None:
            raise _wrong("Could not find parent device for 'new device'")
        made = copy.deepcopy(self._definition(TEMPLATE))
        _set_text(made, "name", CREATED)
        _set_names(made, names)
        handle = self._put(made)
        self._all.emit(handle, 0, (Event.CREATED, 0))
        return handle

    def node_device_destroy(self, name: str) -> None:
        """`virNodeDeviceDestroy`; of what is no adapter libvirt says that it was destroyed, and leaves it."""
        definition = self._definition(name)
        if names_of(definition) is None:
            return
        parent = text_of(definition, "parent") or ""
        if self._all.objects.find_name(parent) is None:
            self._all.emit(NodeDeviceHandle(name), 0, (Event.DELETED, 0))
            return
        with self._all.changing(self._all.named(name)) as state:
            state.active = state.persistent = False
            self._all.emit(state.handle, 0, (Event.DELETED, 0))


def _check_new(root: Node) -> None:
    """What a document of a device that is to be made lacks (`virNodeDeviceDefParseXML`).

    :raises VirtError: INTERNAL_ERROR.
    """
    found = list(root.all("capability"))
    if not found:
        raise _wrong("no device capabilities for 'new device'")
    for capability in found:
        kind = capability.get("type")
        if kind is None:
            raise VirtError(ErrorCode.XML_ERROR, "missing capability type", ErrorDomain.NODEDEV)
        if kind not in CAPABILITIES:
            raise _wrong(f"unknown capability type '{kind}' for 'new device'")
        if kind == "system" and capability.find("hardware/uuid") is None:
            raise _wrong("no system UUID supplied for 'new device'")
    fc_host = _fc_host(root)
    for tag in ("wwnn", "wwpn") if fc_host is not None else ():
        if text_of(fc_host, tag) is None:  # type: ignore[arg-type]
            raise _wrong(f"no {tag.upper()} supplied for 'new device', and auto-generation failed")


def _wrong(detail: str) -> VirtError:
    return VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.NODEDEV)


def capabilities(definition: Node) -> list[str]:
    """What a device is, and what it can do besides."""
    found = []
    for capability in definition.all("capability"):
        found.append(capability.get("type") or "")
        found += [
            {"vport_ops": "vports"}.get(c.get("type") or "", c.get("type") or "") for c in capability.all("capability")
        ]
    return found


def _fc_host(definition: Node) -> Node | None:
    for capability in definition.all("capability"):
        for inner in capability.all("capability"):
            if inner.get("type") == "fc_host":
                return inner
    return None


def names_of(definition: Node) -> tuple[str, str] | None:
    """The world wide names of an adapter; None if the device is none."""
    fc_host = _fc_host(definition)
    if fc_host is None:
        return None
    return text_of(fc_host, "wwnn") or "", text_of(fc_host, "wwpn") or ""


def _set_names(definition: Node, names: tuple[str, str]) -> None:
    fc_host = _fc_host(definition)
    if fc_host is not None:
        _set_text(fc_host, "wwnn", names[0])
        _set_text(fc_host, "wwpn", names[1])


def _set_text(node: Node, tag: str, text: str) -> None:
    found = node.find(tag)
    if found is not None:
        found.text = text
