"""What a guest's interfaces are connected to on the host: taps on bridges, ports of networks, macvtaps.

One interface is connected by `Interfaces.connected`, at a start and when it is plugged into a running guest alike:

    with interfaces.connected(definition, one, journal) as connection:
        ...                                  # hand connection.taps to QEMU, by fd= or getfd
    # if the block raised, nothing of it is left; the daemon's own descriptors are closed in any case

and given back by `Interfaces.disconnect(connection.interface)`, whoever ends it. With no lock held.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import NamedTuple
from uuid import UUID

from virtloom.driver import DriverHost
from virtloom.driver.files.journal import Journal, Undo
from virtloom.driver.links.bridges import plug
from virtloom.driver.links.names import wanted
from virtloom.driver.links.netlink import delete, exists, netlink, telling
from virtloom.driver.links.networks import Networks
from virtloom.driver.links.openvswitch import remove_port
from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error
from virtloom.xmldef import chance
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Interface, Target
from virtloom_qemu.command.devices.interfaces import TAPS, VIRTIO
from virtloom_qemu.hotplug.links import is_isolated
from virtloom_qemu.runs.given.ends import finish, is_on_switch, join_switch, undo
from virtloom_qemu.runs.given.plugged import check_plugged, with_port
from virtloom_qemu.runs.given.taps import (
    MACVTAP,
    TUN,
    HostEnd,
    close_all,
    isolate,
    open_macvtap,
    open_tap,
    set_up_tap,
)

WITH_HEADERS = (*VIRTIO, "e1000e", "vmxnet3")  # models whose driver in QEMU knows virtio's headers
VHOST = "/dev/vhost-net"


class Connection(NamedTuple):
    """One interface of a run.

    :ivar interface: its definition for as long as it runs.
    :ivar taps: descriptors of its host's end, one a queue; none for a kind that QEMU connects itself.
    :ivar vhosts: descriptors by which the kernel moves its frames; none where QEMU does.
    """

    interface: Interface
    taps: Sequence[int] = ()
    vhosts: Sequence[int] = ()


class Interfaces:
    """The interfaces of all guests.

    :param host: what the daemon gives to the plugin.
    """

    def __init__(self, host: DriverHost) -> None:
        self._networks = Networks(host)
        self._host = host

    @contextmanager
    def connected(self, owner: Domain, one: Interface, journal: Journal) -> Iterator[Connection]:
        """Connect one interface, for the length of a block in which QEMU gets its descriptors.

        :param owner: the guest's definition; :param journal: is told before anything is made that could stay.
        :raises VirtError: what the kernel or the network refuses. Then, and if the block raises, nothing is left.
        """
        if one.type not in TAPS:
            check_plugged(one)
            yield Connection(one)
            return
        live = self._plugged(owner, one, journal)
        opened: list[int] = []
        try:
            live, taps = _opened(live, journal)
            opened += taps
            finish(self._host, owner, live)
            vhosts = _vhosts(owner, one)
            opened += vhosts
            yield Connection(live, taps, vhosts)
        except BaseException:
            self.disconnect(live)
            raise
        finally:
            close_all(opened)

    @contextmanager
    def all_connected(self, definition: Domain, journal: Journal) -> Iterator[tuple[Domain, list[Connection]]]:
        """The same for all interfaces of a guest; the definition says what they are connected to."""
        with ExitStack() as stack:
            made = [
                stack.enter_context(self.connected(definition, one, journal)) for one in definition.parts.interfaces
            ]
            live = tuple(one.interface for one in made)
            yield definition.with_devices(interfaces=live) if live else definition, made

    def disconnect(self, live: Interface) -> None:
        """Give back what an interface was connected to; what is gone is no error, and a failure is logged."""
        name = live.target.dev if live.target is not None else None
        try:
            if name is not None:
                undo(self._host, live)
            if live.type == "direct" and name is not None:
                _delete(name)
        except VirtError as error:
            self._host.log.warning("an interface could not be disconnected: %s", error)
        self._leave(live)

    def _leave(self, live: Interface) -> None:
        """Give back the port that an interface has on its network."""
        source = live.source or Node("source")
        try:
            if (port := source.get("portid")) is not None:
                self._networks.release(source.get("network") or "", UUID(port).bytes)
        except VirtError as error:
            self._host.log.warning("an interface could not be disconnected: %s", error)

    def undoing(self, keep: Sequence[Interface] = ()) -> dict[str, Undo]:
        """How what a crash of the daemon left is removed, by the kinds of the journal's entries.

        :param keep: interfaces of the guest, whose links and ports stay.
        """
        names = {one.target.dev for one in keep if one.target is not None}
        ports = {one.source.get("portid") for one in keep if one.source is not None}

        def link(entry: dict[str, str]) -> None:
            if entry["name"] not in names:
                _delete(entry["name"])

        def port(entry: dict[str, str]) -> None:
            uuid = UUID(entry["uuid"])
            if str(uuid) not in ports:
                self._networks.release(entry["network"], uuid.bytes)

        return {"link": link, "port": port}

    def moved(self, owner: Domain, old: Interface, new: Interface, journal: Journal) -> Interface:
        """Put the end of a guest's interface on another bridge or network while the guest runs.

        :param new: the same interface, as it is to be.
        :raises VirtError: what the kernel or the network refuses; then it is where it was.
        """
        live = self._plugged(owner, new, journal)
        name = (old.target.dev if old.target is not None else None) or ""
        bridge = live.source.get("bridge") if live.source is not None else None
        try:
            if is_on_switch(old):
                remove_port(self._host.run, name)
            if is_on_switch(live):
                join_switch(self._host, owner, live)
            else:
                with netlink() as route:
                    plug(route, name, bridge)
            if is_isolated(new):
                isolate(name, True)
        except BaseException:
            self._leave(live)
            raise
        self._leave(old)
        return live

    def _plugged(self, owner: Domain, one: Interface, journal: Journal) -> Interface:
        """An interface that says which bridge or link it goes to; one on a network has a port there then."""
        one = unplugged(one)
        if one.type != "network":
            return _checked(one)
        network, uuid = (one.source.get("network") if one.source is not None else None) or "", chance.uuid().bytes
        self._networks.require(network)
        journal.port(network, uuid)
        try:
            return _checked(with_port(one, self._networks.plug(owner, one, uuid)))
        except BaseException:
            self._networks.release(network, uuid)
            raise


def unplugged(live: Interface) -> Interface:
    """An interface as it was before it was connected, so that it can be connected anew, by another run."""
    source, target = live.source, live.target
    if source is not None and source.get("network") is not None:
        kept = {name: value for name, value in source.attrs.items() if name in ("network", "portgroup")}
        live = live.replace(type="network", source=Node("source", kept))
    if target is not None and target.dev is not None and _chosen_name(live) is None:
        live = live.replace(target=None if target.managed is None else target.replace(dev=None))
    return live


def _checked(one: Interface) -> Interface:
    """An interface where it is plugged in.

    :raises VirtError: for what it cannot have there.
    """
    check_plugged(one)
    if one.backend is not None and one.backend.get("tap") is not None and os.geteuid() != 0:
        raise _unsupported("cannot use custom tap device in session mode")
    return one


def _opened(one: Interface, journal: Journal) -> tuple[Interface, list[int]]:
    """Make an interface's end on the host.

    :return: the interface with the end's name, and the end's descriptors.
    """
    source, end = one.source or Node("source"), _host_end(one)
    if one.type == "direct":
        return _with_target(one, *open_macvtap(source.get("dev") or "", source.get("mode") or "vepa", end,
                                               lambda name: journal.add("link", name=name)))  # fmt: skip
    bridge = source.get("bridge")
    if one.type != "ethernet" and not bridge:
        raise VirtError(ErrorCode.INTERNAL_ERROR, "Missing bridge name")
    managed = one.target is None or one.target.managed is not False
    if not managed:
        _require_own(one)
    device = (one.backend.get("tap") if one.backend is not None else None) or TUN
    name, taps = open_tap(end, device)
    try:
        if managed:
            set_up_tap(name, end, None if is_on_switch(one) else bridge)
    except BaseException:
        close_all(taps)
        raise
    return _with_target(one, name, taps)


def _require_own(one: Interface) -> None:
    """Refuse an end that somebody else has to have made, but has not.

    :raises VirtError: INTERNAL_ERROR.
    """
    name = one.target.dev if one.target is not None else None
    if name is None:
        raise VirtError(ErrorCode.INTERNAL_ERROR, "target dev must be supplied when managed='no'")
    if not exists(name):
        raise VirtError(ErrorCode.INTERNAL_ERROR, "target managed='no' but specified dev doesn't exist")


def _with_target(one: Interface, name: str, taps: list[int]) -> tuple[Interface, list[int]]:
    return one.replace(target=(one.target or Target()).replace(dev=name)), taps


def _host_end(one: Interface) -> HostEnd:
    size = one.mtu.get("size") if one.mtu is not None else None
    source = one.source or Node("source")
    return HostEnd(
        name=_chosen_name(one),
        mac=(one.mac.address if one.mac is not None else None) or "",
        queues=_queues(one),
        headers=_model(one) in WITH_HEADERS,
        mtu=int(size) if size else None,
        isolated=is_isolated(one),
        learning=source.get("macTableManager") != "libvirt",
    )


def _chosen_name(one: Interface) -> str | None:
    """The name that a definition wants; those that daemons make up do not count."""
    given = wanted(one.target.dev if one.target is not None else None)
    return None if given is None or given.startswith(MACVTAP) else given


def _delete(name: str) -> None:
    with netlink() as route, telling(f"Failed to delete '{name}'"):
        delete(route, name)


def _model(one: Interface) -> str:
    return (one.model.get("type") if one.model is not None else None) or ""


def _queues(one: Interface) -> int:
    text = one.driver.get("queues") if one.driver is not None else None
    return max(int(text), 1) if text and _model(one) in VIRTIO else 1


def _vhosts(owner: Domain, one: Interface) -> list[int]:
    """Descriptors by which the kernel moves an interface's frames: for virtio under KVM, unless it says otherwise."""
    name = one.driver.get("name") if one.driver is not None else None
    if owner.type != "kvm" or name == "qemu":
        return []
    if _model(one) not in VIRTIO:
        if name == "vhost":
            raise _unsupported("vhost-net is only supported for virtio network interfaces")
        return []
    device = (one.backend.get("vhost") if one.backend is not None else None) or VHOST
    opened: list[int] = []
    try:
        for _ in range(_queues(one)):
            opened.append(os.open(device, os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        close_all(opened)
        if name == "vhost":
            raise _unsupported("vhost-net was requested for an interface, but is unavailable") from error
        return []
    return opened


def open_vdpa(one: Interface) -> int:
    """A device of the host's that has virtio's queues in hardware.

    :raises VirtError: SYSTEM_ERROR.
    """
    path = (one.source.get("dev") if one.source is not None else None) or ""
    try:
        return os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise system_error(error, f"Unable to open '{path}' for vdpa device") from error


def _unsupported(detail: str) -> VirtError:
    return VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.QEMU)
