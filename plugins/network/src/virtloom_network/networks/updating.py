"""Changes of a network's pieces, for now and for its next start (`virNetworkObjUpdate`, `networkUpdate`)."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from virtloom.driver.constants.network import NetworkUpdateFlags as Flags
from virtloom.driver.constants.network import NetworkUpdateSection as Section
from virtloom.driver.flags import check_flags
from virtloom.driver.handles import NetworkHandle
from virtloom.errors import VirtError
from virtloom.locks import JobKind
from virtloom.xmldef.network.network import Network
from virtloom.xmldef.network.update import updated
from virtloom_network.networks.base import invalid
from virtloom_network.networks.life import NetworkLife
from virtloom_network.networks.state import View

# Sections that stand in dnsmasq's configuration, which it reads when it starts alone, and those that it reads again.
RESTARTING = frozenset({Section.IP_DHCP_RANGE, Section.DNS_TXT, Section.DNS_SRV})
REFRESHING = frozenset({Section.IP_DHCP_HOST, Section.DNS_HOST})


class _Change(NamedTuple):
    """What a network becomes: now, and from its next start on; None where it stays."""

    live: Network | None
    kept: Network | None


class NetworkUpdating(NetworkLife):
    """Changes of networks."""

    def network_update(
        self, net: NetworkHandle, command: int, section: int, parentIndex: int, xml: str, flags: int
    ) -> None:
        """`virNetworkUpdate`"""
        check_flags(flags, Flags.LIVE | Flags.CONFIG, "networkUpdate")
        found = self.networks.need(net)
        with found.job(JobKind.MODIFY):
            with found.locked() as state:
                view = state.view()
            change = _planned(
                view, partial(updated, command=command, section=section, index=parentIndex, xml=xml), flags
            )
            if change.kept is not None:
                self._kept.write(view.definition.name, change.kept.format())
            if change.live is not None:
                self._change_live(view, change, section)
            with self._changing(found) as state:
                if change.kept is not None:
                    state.defined(change.kept)
                if change.live is not None:
                    state.definition = change.live

    def _change_live(self, view: View, change: _Change, section: int) -> None:
        """Let what runs follow; if it cannot, all is as it was."""
        assert change.live is not None
        try:
            self._follow(view.definition, change.live, section)
            self._running.write(change.live.name, change.live.format())
        except BaseException:
            if change.kept is not None:
                self._kept.write(view.definition.name, view.kept.format())
            self._go_back(view.definition, section)
            raise

    def _go_back(self, definition: Network, section: int) -> None:
        try:
            self._follow(definition, definition, section)
        except VirtError as error:
            self.host.log.error("network %s: %s", definition.name, error)

    def _follow(self, old: Network, new: Network, section: int) -> None:
        if not new.is_virtual:
            return
        if section == Section.FORWARD_INTERFACE and new.mode != "open":
            self._firewall.put(new)
        if section in RESTARTING or (section == Section.IP_DHCP_HOST and _leases(old) != _leases(new)):
            self._dnsmasq.restart(new)
        elif section in REFRESHING:
            self._dnsmasq.refresh(new)


def _leases(network: Network) -> list[bool]:
    """For which of its addresses a network leases others: that is in dnsmasq's configuration."""
    return [ip.dhcp is not None for ip in network.ips]


def _planned(view: View, make: partial[Network], flags: int) -> _Change:
    """What a change makes of a network.

    :raises VirtError: OPERATION_INVALID for what it cannot be asked for in its state, and what the change is refused
        with.
    """
    both = Flags.LIVE | Flags.CONFIG
    if not flags & both:
        flags = Flags.LIVE if view.active else Flags.CONFIG
    if flags & Flags.LIVE and not view.active:
        raise invalid("network is not running")
    if flags & Flags.CONFIG and not view.persistent:
        raise invalid("cannot change persistent config of a transient network")
    live = make(view.shown(inactive=False)) if flags & Flags.LIVE else None
    kept = make(view.kept) if flags & Flags.CONFIG else None
    return _Change(None if live is None else _plain(live), kept)


def _plain(network: Network) -> Network:
    """A definition without the count of its ports, which is told anew each time."""
    forward = network.forward
    if forward is not None:
        forward = forward.replace(interfaces=tuple(one.replace(connections=None) for one in forward.interfaces))
    return network.replace(connections=None, forward=forward)
