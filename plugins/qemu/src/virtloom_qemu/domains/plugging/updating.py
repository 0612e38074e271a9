"""Devices that are changed: what a drive holds, a display's password, an interface's cable, the size of memory."""

from __future__ import annotations

from typing import Any

from virtloom.driver.constants.domain import DomainDeviceModifyFlags as Modify
from virtloom.driver.files.journal import Journal
from virtloom.driver.handles import DomainHandle
from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Disk, Interface
from virtloom_qemu.command.devices.interfaces import TAPS
from virtloom_qemu.domains.plugging.media import Media
from virtloom_qemu.hotplug.displays import change_display
from virtloom_qemu.hotplug.drives import has_same_source, refuse_other_disk, refuse_other_source
from virtloom_qemu.hotplug.finding import as_node, find, replaced
from virtloom_qemu.hotplug.kinds import KINDS
from virtloom_qemu.hotplug.links import BRIDGED, change_link, is_isolated, is_on_other_bridge, refuse_other_interface
from virtloom_qemu.hotplug.modules import change_module, module_at
from virtloom_qemu.hotplug.refusals import kind_word, unsupported
from virtloom_qemu.runs.alteration import Alteration
from virtloom_qemu.runs.given.ends import limit_interface
from virtloom_qemu.runs.given.taps import isolate

FLAGS = Modify.LIVE | Modify.CONFIG | Modify.FORCE
CHANGEABLE = {"disk": "disks", "interface": "interfaces", "graphics": "graphics", "memory": "memories"}


class Updating(Media):
    """The call that changes devices."""

    def domain_update_device_flags(self, dom: DomainHandle, xml: str, flags: int) -> None:
        """`virDomainUpdateDeviceFlags`"""
        self._check_flags(flags, FLAGS, "DomainUpdateDeviceFlags")
        with self._altering(dom, flags) as change:
            tag, given = self.rules.read_device(xml)
            if change.config is not None:
                change.config = self._kept_changed(change.config, tag, given)
            if change.live is not None:
                if tag not in CHANGEABLE:
                    detail = f"live update of device '{kind_word(tag)}' is not supported"
                    raise unsupported(detail, ErrorCode.CONFIG_UNSUPPORTED)
                self._change_live(change, tag, given, force=bool(flags & Modify.FORCE))

    def _kept_changed(self, config: Domain, tag: str, given: Any) -> Domain:
        """What is kept, with a device as a document says it, and nothing of what it was."""
        if tag not in CHANGEABLE:
            raise unsupported(f"persistent update of device '{kind_word(tag)}' is not supported")
        field = CHANGEABLE[tag]
        old, every = _kept(config, as_node(given, tag)), getattr(config.parts, field)
        changed = tuple(given if one is old else one for one in every)
        return self.rules.complete(config.with_devices(**{field: changed}))

    def _change_live(self, change: Alteration, tag: str, given: Any, *, force: bool) -> None:
        live = change.live
        assert live is not None
        wanted = self._filled(given, CHANGEABLE[tag], live)
        if tag == "disk":
            self._change_disk(change, wanted.replace(address=given.address), force=force)
        elif tag == "graphics":
            change.live = change_display(change.talk, live, wanted)
        elif tag == "memory":
            change.live = change_module(change.talk, live, given)
        else:
            self._change_interface(change, wanted.replace(address=given.address, mac=given.mac))

    def _change_disk(self, change: Alteration, wanted: Disk, *, force: bool) -> None:
        assert change.live is not None
        drive = next((one for one in change.live.parts.disks if one.name == wanted.name), None)
        if drive is None:
            raise VirtError(ErrorCode.INTERNAL_ERROR, f"disk '{wanted.name}' not found")
        refuse_other_disk(drive.node(), wanted.node())
        if not has_same_source(drive, wanted):
            refuse_other_source(drive)
            self._change_medium(change, drive, wanted, force=force)

    def _change_interface(self, change: Alteration, wanted: Interface) -> None:
        assert change.live is not None
        old = find(change.live, wanted.node(), KINDS["interface"].gone_live)
        refuse_other_interface(old, wanted)
        change.live = change_link(change.talk, change.live, old, wanted)
        change.settle()
        if old.type in TAPS and wanted.bandwidth != old.bandwidth:
            limit_interface(old.replace(bandwidth=wanted.bandwidth))
            self._put(change, old, bandwidth=wanted.bandwidth)
        if is_on_other_bridge(old, wanted):
            journal = Journal(change.talk.run.paths.journal)
            journal.begin()
            try:
                moved = old.replace(type=wanted.type, source=wanted.source)
                found = self.interfaces.moved(change.live, old, moved, journal)
                self._put(change, old, type=found.type, source=found.source)
                self._keep_status(change.talk.found)
            finally:
                journal.close()
        if old.type in BRIDGED and is_isolated(wanted) != is_isolated(old):
            isolate((old.target.dev if old.target is not None else None) or "", is_isolated(wanted))
            self._put(change, old, port=wanted.port)

    @staticmethod
    def _put(change: Alteration, interface: Interface, **fields: Any) -> None:
        """Have an interface of the guest say something else."""
        assert change.live is not None
        found = find(change.live, interface.node(), KINDS["interface"].gone_live)
        change.live = replaced(change.live, "interface", found, found.replace(**fields))
        change.settle()


def _kept(config: Domain, node: Node) -> Any:
    """The device of what is kept that a document means.

    :raises VirtError: INVALID_ARG or DEVICE_MISSING if there is none.
    """
    if node.tag == "interface":
        return find(config, node, KINDS["interface"].gone)
    found: Any = None
    told = f"target {node.value('target', 'dev')} doesn't exist."
    if node.tag == "disk":
        found = next((one for one in config.parts.disks if one.name == node.value("target", "dev")), None)
    elif node.tag == "graphics":
        found = next((one for one in config.parts.graphics if one.type == node.get("type")), None)
        told = f"cannot find existing graphics type '{node.get('type')}' device to modify"
    else:
        found, told = module_at(config, node), "memory not found"
    if found is None:
        raise VirtError(ErrorCode.INVALID_ARG, told)
    return found
