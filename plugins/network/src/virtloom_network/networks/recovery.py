"""What a daemon finds when it starts: networks that are kept, networks that run, networks that are to start with it.

Each network is looked at by itself, so that one that hangs holds up no other; calls are served meanwhile.
"""

from __future__ import annotations

from concurrent.futures import Future, wait

from virtloom.driver.links.netlink import exists
from virtloom.errors import VirtError
from virtloom.locks import Guarded, JobKind, ObjectGone
from virtloom.xmldef.network.network import Network, parse_network
from virtloom_network.networks.life import NetworkLife
from virtloom_network.networks.state import NetworkState

# What libvirt's package installs.
DEFAULT = """<network>
  <name>default</name>
  <forward mode='nat'/>
  <bridge stp='on' delay='0'/>
  <ip address='192.168.122.1' netmask='255.255.255.0'>
    <dhcp>
      <range start='192.168.122.2' end='192.168.122.254'/>
    </dhcp>
  </ip>
</network>"""
PATIENCE = 3.0  # seconds that a start waits for networks; the others follow later


class NetworkRecovery(NetworkLife):
    """Loading what was kept."""

    def recover(self) -> None:
        """Load all networks, find those that run, and start those that are to."""
        self._greet()
        running = dict(self._running.load(_parse))
        for definition in running.values():
            self._loaded(definition, persistent=False)
        for name, definition in self._kept.load(_parse):
            self._loaded(definition, persistent=True, autostart=(self._autostarts / f"{name}.xml").is_symlink())
        starting = self.host.first_start_of_boot()
        tasks = [self._recovery(found, set(running), starting) for found in self.networks]
        wait([task for task in tasks if task is not None], PATIENCE)

    def _greet(self) -> None:
        """At the very first start, define the network that most guests' definitions name; it is not started."""
        if self._kept.folder.exists() or not self.host.config["default_network"]:
            return
        try:
            self.network_define_xml_flags(DEFAULT, 0)
        except VirtError as error:
            self.host.log.error("the network 'default' cannot be defined: %s", error)

    def _loaded(self, definition: Network, *, persistent: bool, autostart: bool = False) -> None:
        try:
            found = self._obtain(definition)
        except VirtError as error:
            self.host.log.error("the network %s cannot be loaded: %s", definition.name, error)
            return
        with self._changing(found) as state:
            if persistent and not state.persistent and state.active:
                state.later = definition
            state.active = state.active or not persistent
            state.persistent = state.persistent or persistent
            state.autostart = state.autostart or autostart

    def _recovery(self, found: Guarded[NetworkState], running: set[str], starting: bool) -> Future[None] | None:
        view = found.published
        if view.definition.name in running:
            return self.host.background(lambda: self._resume(found))
        if view.autostart and starting:
            return self.host.background(lambda: self._autostart(found))
        return None

    def _resume(self, found: Guarded[NetworkState]) -> None:
        """Look at a network that ran when the last daemon ended: at its bridge, its ports, its dnsmasq."""
        with found.job(JobKind.MODIFY, "recovery"):
            definition = found.published.definition
            if definition.bridge_name is not None and not exists(definition.bridge_name):
                self._gone_meanwhile(found, definition)
            else:
                self._still_there(found, definition)
        self._forget_if_nothing(found)

    def _gone_meanwhile(self, found: Guarded[NetworkState], definition: Network) -> None:
        self.host.log.warning("network %s runs no more: its bridge is gone", definition.name)
        self._running.remove(definition.name)
        self._tear_down(definition)
        self._ports.forget(definition.uuid)
        with self._changing(found) as state:
            state.stopped()
        self._settle(found)

    def _still_there(self, found: Guarded[NetworkState], definition: Network) -> None:
        ports = self._ports.load(definition.uuid)
        if definition.is_virtual and self._dnsmasq.pid(definition) is None:
            try:
                self._dnsmasq.start(definition)
            except VirtError as error:
                self.host.log.error("network %s: %s", definition.name, error)
        with self._changing(found) as state:
            state.ports = ports

    def _autostart(self, found: Guarded[NetworkState]) -> None:
        try:
            with found.job(JobKind.MODIFY, "autostart"):
                self._start_kept(found)
        except (VirtError, ObjectGone) as error:
            self.host.log.error("Failed to autostart network '%s': %s", found.published.definition.name, error)


def _parse(text: str) -> Network:
    return parse_network(text, with_dnsmasq=True)
