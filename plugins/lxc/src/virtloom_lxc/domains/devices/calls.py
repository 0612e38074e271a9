"""Devices that come and go: disks, network interfaces, devices of the host's."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

from virtloom.driver.constants.domain import DomainModificationImpact as Impact
from virtloom.driver.handles import DomainHandle
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef import document
from virtloom.xmldef.domain.definition import Domain
from virtloom_lxc.container.run import Run
from virtloom_lxc.domains.changing import BOTH, Changed, Changing
from virtloom_lxc.domains.devices.plugging import Plugging, require_pluggable


class Kind(NamedTuple):
    """One kind of device that can come and go.

    :ivar field: where a definition has them; :ivar same: whether one is the device that a document means.
    :ivar there: the error of one that is there already, and :ivar gone: of one that is not, in a definition that is
        kept; the last two of a container that runs.
    """

    field: str
    same: Callable[[Any, Any], bool]
    there: Callable[[Any], VirtError | None]
    gone: Callable[[Any], VirtError]
    there_live: Callable[[Any], VirtError | None]
    gone_live: Callable[[Any], VirtError]

    def _like(self, definition: Domain, device: Any) -> list[Any]:
        return [one for one in getattr(definition.parts, self.field) if self.same(one, device)]

    def refuse_second(self, definition: Domain, device: Any, *, live: bool = False) -> None:
        """Refuse a device that is there already, of the kinds of which there is one each.

        :raises VirtError: in libvirt's words.
        """
        error = (self.there_live if live else self.there)(device)
        if error is not None and self._like(definition, device):
            raise error

    def find(self, definition: Domain, device: Any, *, live: bool = False) -> Any:
        """The device that a document means.

        :raises VirtError: as for one that is gone if there is none, OPERATION_FAILED if there are several.
        """
        found = self._like(definition, device)
        if not found:
            raise (self.gone_live if live else self.gone)(device)
        if len(found) > 1:
            mac = _mac(device)
            detail = (
                "multiple matching devices found"
                if mac == NOTHING
                else f"multiple devices matching MAC address {mac} found"
            )
            raise VirtError(ErrorCode.OPERATION_FAILED, detail, ErrorDomain.DOMAIN)
        return found[0]

    def with_one(self, definition: Domain, device: Any) -> Domain:
        """A definition with one more."""
        return definition.with_devices(**{self.field: (*getattr(definition.parts, self.field), device)})

    def without(self, definition: Domain, device: Any) -> Domain:
        """A definition without one."""
        kept = tuple(one for one in getattr(definition.parts, self.field) if one is not device)
        return definition.with_devices(**{self.field: kept})


def _error(code: ErrorCode, detail: str, about: Callable[[Any], object] = lambda _: "") -> Callable[[Any], VirtError]:
    return lambda device: VirtError(code, detail.replace("%s", str(about(device))))


def _mac(one: Any) -> str:
    return (one.mac.address if one.mac is not None else None) or NOTHING


def _node(one: Any) -> str:
    children = one.source.children if one.source is not None else []
    return children[0].text if children else ""


NOTHING = "(<null>)"
NO_NET = "no device found at address '(<null>)' matching MAC address '%s' and alias '(<null>)'"
TARGET_THERE = "target %s already exists"
INVALID, FAILED, MISSING = ErrorCode.INVALID_ARG, ErrorCode.OPERATION_FAILED, ErrorCode.DEVICE_MISSING

KINDS = {
    "disk": Kind(
        "disks",
        lambda one, other: one.name == other.name,
        _error(INVALID, f"{TARGET_THERE}.", lambda disk: disk.name),
        _error(INVALID, "no target device %s", lambda disk: disk.name),
        _error(FAILED, TARGET_THERE, lambda disk: disk.name),
        _error(FAILED, "disk %s not found", lambda disk: disk.name),
    ),
    "interface": Kind(
        "interfaces",
        lambda one, other: other.mac is None or _mac(one) == _mac(other),
        lambda _: None,  # two cards with one address are the user's affair, as in libvirt
        _error(MISSING, NO_NET, _mac),
        lambda _: None,
        _error(MISSING, NO_NET, _mac),
    ),
    "hostdev": Kind(
        "hostdevs",
        lambda one, other: (one.mode, one.type, one.source) == (other.mode, other.type, other.source),
        _error(INVALID, "device is already in the domain configuration"),
        _error(INVALID, "device not present in domain configuration"),
        _error(FAILED, "host device already exists"),
        _error(FAILED, "hostdev %s not found", _node),
    ),
}


class Devices(Plugging, Changing):
    """The calls that attach, detach and update devices."""

    def domain_attach_device_flags(self, dom: DomainHandle, xml: str, flags: int) -> None:
        """`virDomainAttachDeviceFlags`"""
        self._check_flags(flags, BOTH, "DomainAttachDeviceFlags")
        name, device = self._device(dom, xml)
        kind = self._kind(dom, name, flags, "persistent attach of device is not supported", "attached")

        def changed(definition: Domain) -> Domain:
            kind.refuse_second(definition, device)
            return self.rules.complete(kind.with_one(definition, device))

        def live(run: Run, definition: Domain) -> Changed:
            kind.refuse_second(definition, device, live=True)
            shown = self._plug(run, definition, device)
            return functools.partial(kind.with_one, device=shown)

        self._change(dom, flags, changed, live)

    def domain_detach_device_flags(self, dom: DomainHandle, xml: str, flags: int) -> None:
        """`virDomainDetachDeviceFlags`"""
        self._check_flags(flags, BOTH, "DomainDetachDeviceFlags")
        name, device = self.rules.read_device(xml)
        kind = self._kind(dom, name, flags, "persistent detach of device is not supported", "detached")

        def changed(definition: Domain) -> Domain:
            return kind.without(definition, kind.find(definition, device))

        def live(run: Run, definition: Domain) -> Changed:
            require_pluggable(device)
            found = kind.find(definition, device, live=True)
            self._unplug(run, definition, found)
            return functools.partial(kind.without, device=found)

        self._change(dom, flags, changed, live)

    def domain_update_device_flags(self, dom: DomainHandle, xml: str, flags: int) -> None:
        """`virDomainUpdateDeviceFlags`: of a network interface; libvirt's driver does it at the next start alone."""
        self._check_flags(flags, BOTH, "DomainUpdateDeviceFlags")
        with self._reading(dom) as state:
            is_live = bool(state.impact(flags) & Impact.LIVE)
        name, device = self._device(dom, xml, to_find=True)
        if name != "interface":
            if is_live:
                raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, "Unable to modify live devices")
            raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, "persistent update of device is not supported")

        def changed(definition: Domain) -> Domain:
            found = KINDS[name].find(definition, device)
            return _replaced(definition, found, device.replace(mac=found.mac))

        def live(run: Run, definition: Domain) -> Changed:
            found = KINDS[name].find(definition, device)
            made = self._replug_interface(run, found, device.replace(mac=found.mac))
            return functools.partial(_replaced, old=found, new=made)

        self._change(dom, flags, changed, live)

    def _device(self, dom: DomainHandle, xml: str, *, to_find: bool = False) -> tuple[str, Any]:
        """The device of a document, by itself: whether it fits beside the others is each call's to say.

        :param to_find: whether it only means one that is there; then it has no address that it does not say.
        """
        with self._reading(dom) as state:
            definition = state.config
        bare = definition.with_devices(disks=(), interfaces=(), hostdevs=())
        name, device = self.rules.parse_device(xml, bare)
        if to_find and name == "interface" and document.parse(xml).find("mac") is None:
            device = device.replace(mac=None)
        return name, device

    def _kind(self, dom: DomainHandle, name: str, flags: int, kept: str, done: str) -> Kind:
        """The kind of a device.

        :raises VirtError: CONFIG_UNSUPPORTED for one that cannot come or go.
        """
        if name in KINDS:
            return KINDS[name]
        with self._reading(dom) as state:
            is_config = state.impact(flags) & Impact.CONFIG
        shown = {"console": "chr", "serial": "chr"}.get(name, name)
        detail = kept if is_config else f"device type '{shown}' cannot be {done}"
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail)


def _replaced(definition: Domain, old: Any, new: Any) -> Domain:
    """A definition with another interface in the place of one."""
    every = definition.parts.interfaces
    return definition.with_devices(interfaces=tuple(new if one is old else one for one in every))
