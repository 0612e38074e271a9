"""Devices that are attached, detached and changed in the definition that is kept, for the next start.

A running guest's devices stay as they are: what asks for a live change is refused in libvirt's words for devices that
cannot be plugged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from virtloom.driver.constants.domain import DomainDeviceModifyFlags as Modify
from virtloom.driver.handles import DomainHandle
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef import document
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.domains.base import DomainsBase
from virtloom_qemu.runs.alteration import Alteration

BOTH = Modify.LIVE | Modify.CONFIG
ABSENT = "device not present in domain configuration"
PRESENT = "device is already in the domain configuration"
NO_NET = "no device found at address '(<null>)' matching MAC address '%s' and alias '(<null>)'"
CHARACTERS = ("serial", "parallel", "console", "channel")


class Kind(NamedTuple):
    """One kind of device.

    :ivar field: where a definition has them.
    :ivar mark: what tells one from the others, in its element; None for those that may be there many times alike.
    :ivar there: the message for one that is there already, of its mark; :ivar gone: for one that is not.
    :ivar missing: the code of the latter.
    """

    field: str
    mark: Callable[[Node], Any] = lambda node: None
    there: str | None = None
    gone: str = ABSENT
    missing: ErrorCode = ErrorCode.DEVICE_MISSING


def _child(tag: str, attribute: str) -> Callable[[Node], str | None]:
    def mark(node: Node) -> str | None:
        found = node.find(tag)
        return None if found is None else found.get(attribute)

    return mark


def _source(node: Node) -> Any:
    return node.get("mode"), node.get("type"), node.find("source")


def _controller(node: Node) -> Any:
    return (node.get("type"), node.get("index")) if node.get("index") else None


def _mac(node: Node) -> str | None:
    return (_child("mac", "address")(node) or "").lower() or None


DISK = Kind("disks", _child("target", "dev"), "target %s already exists", "no target device %s", ErrorCode.INVALID_ARG)
KINDS = {
    "disk": DISK,
    "interface": Kind("interfaces", _mac, None, NO_NET),
    "hostdev": Kind("hostdevs", _source, PRESENT),
    "controller": Kind("controllers", _controller, "controller index='%s' already exists"),
    "filesystem": Kind("filesystems", _child("target", "dir"), "Target already exists"),
    "lease": Kind("leases", lambda node: str(node.children), "Lease %s already exists"),
    "shmem": Kind("shmems", lambda node: node.get("name"), PRESENT),
    "watchdog": Kind("watchdogs", lambda node: "one", "domain already has a watchdog"),
    "vsock": Kind("vsock", lambda node: "one", "domain already has a vsock device"),
    **{name: Kind(f"{name}s") for name in ("sound", "redirdev", "rng", "input", *CHARACTERS)},
}
CHANGEABLE = ("disk", "interface")


class Attaching(DomainsBase):
    """The calls that attach, detach and update devices."""

    def domain_attach_device_flags(self, dom: DomainHandle, xml: str, flags: int) -> None:
        """`virDomainAttachDeviceFlags`"""
        self._check_flags(flags, BOTH, "DomainAttachDeviceFlags")
        with self._device(dom, xml, flags, "attach") as (change, config, node, kind):
            mark = kind.mark(node)
            if kind.there and mark is not None and _find(config, node.tag, kind, mark) is not None:
                raise VirtError(ErrorCode.OPERATION_INVALID, _about(kind.there, mark))
            _, device = self.rules.parse_device(xml, config)
            change.config = self.rules.complete(_with(config, kind, device))

    def domain_detach_device_flags(self, dom: DomainHandle, xml: str, flags: int) -> None:
        """`virDomainDetachDeviceFlags`"""
        self._check_flags(flags, BOTH, "DomainDetachDeviceFlags")
        with self._device(dom, xml, flags, "detach") as (change, config, node, kind):
            change.config = _replaced(config, kind, self._required(config, node, kind), ())

    def domain_update_device_flags(self, dom: DomainHandle, xml: str, flags: int) -> None:
        """`virDomainUpdateDeviceFlags`"""
        self._check_flags(flags, BOTH | Modify.FORCE, "DomainUpdateDeviceFlags")
        with self._device(dom, xml, flags, "update") as (change, config, node, kind):
            found = self._required(config, node, kind)
            _, device = self.rules.parse_device(xml, _replaced(config, kind, found, ()))
            change.config = self.rules.complete(_replaced(config, kind, found, (device,)))

    @contextmanager
    def _device(
        self, dom: DomainHandle, xml: str, flags: int, verb: str
    ) -> Iterator[tuple[Alteration, Domain, Node, Kind]]:
        """A change of the kept definition by a device's document.

        :raises VirtError: OPERATION_UNSUPPORTED for a running guest, and for kinds that cannot come, go or change.
        """
        node = document.parse(xml, "device_definition", ErrorDomain.DOMAIN)
        kind = KINDS.get(node.tag) if verb != "update" or node.tag in CHANGEABLE else None
        shown = "chr" if node.tag in CHARACTERS else node.tag
        with self._altering(dom, flags) as change:
            if change.live is not None:
                detail = f"live {verb} of device '{shown}' is not supported"
                raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail)
            assert change.config is not None
            if kind is None:
                self.rules.parse_device(xml, change.config)  # what is no device at all is told first
                detail = f"persistent {verb} of device '{shown}' is not supported"
                raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail)
            yield change, change.config, node, kind

    def _required(self, config: Domain, node: Node, kind: Kind) -> Any:
        """The device of a definition that a document means.

        :raises VirtError: if there is none.
        """
        mark = kind.mark(node)
        found = _find(config, node.tag, kind, mark)
        if found is None:
            raise VirtError(kind.missing, _about(kind.gone, mark))
        return found


def _about(message: str, mark: Any) -> str:
    return message.replace("%s", str(mark[-1] if isinstance(mark, tuple) else mark))


def _every(config: Domain, kind: Kind) -> tuple[Any, ...]:
    """The devices of a kind; of some kinds there is at most one."""
    found = getattr(config.parts, kind.field)
    if isinstance(found, tuple):
        return found
    return () if found is None else (found,)


def _find(config: Domain, tag: str, kind: Kind, mark: Any) -> Any | None:
    for device in _every(config, kind):
        node = device if isinstance(device, Node) else device.node(tag)
        if kind.mark(node) == mark:
            return device
    return None


def _with(config: Domain, kind: Kind, device: Any) -> Domain:
    return _put(config, kind, (*_every(config, kind), device))


def _replaced(config: Domain, kind: Kind, old: Any, new: tuple[Any, ...]) -> Domain:
    rows = ((new if one is old else (one,)) for one in _every(config, kind))
    return _put(config, kind, tuple(one for row in rows for one in row))


def _put(config: Domain, kind: Kind, devices: tuple[Any, ...]) -> Domain:
    single = not isinstance(getattr(config.parts, kind.field), tuple)
    return config.with_devices(**{kind.field: next(iter(devices), None) if single else devices})
