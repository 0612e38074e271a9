"""What a daemon finds when it starts: networks that are kept, networks that run, networks that are to start with it.

Each network is looked at by itself, so that one that hangs holds up no other; calls are served meanwhile.
"""

from __future__ import annotations

from virtloom.driver.links.netlink import exists
from virtloom.errors import VirtError
from virtloom.locks import Guarded
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


class NetworkRecovery(NetworkLife):
    """Loading what was kept."""

    def recover(self) -> None:
        """Load all networks, find those that run, and start those that are to."""
        self._end_halfway()
        self._greet()
        self._recover(_parse)

    def _end_halfway(self) -> None:
        """End what was being started or stopped when the last daemon died."""
        for name, definition in self._halfway.load(_parse):
            if not self._running.path(name).exists():
                self._tear_down(definition)
            self._halfway.remove(name)

    def _greet(self) -> None:
        """At the very first start, define the network that most guests' definitions name; it is not started."""
        if self._kept.folder.exists() or not self.host.config["default_network"]:
            return
        try:
            self.network_define_xml_flags(DEFAULT, 0)
        except VirtError as error:
            self.host.log.error("the network 'default' cannot be defined: %s", error)

    def _load_running(self, state: NetworkState, definition: Network) -> None:
        state.definition, state.active = definition, True

    def _load_kept(self, state: NetworkState, definition: Network) -> None:
        state.defined(definition)

    def _resume(self, found: Guarded[NetworkState]) -> None:
        """Look at a network that ran when the last daemon ended: at its bridge, its ports, its dnsmasq."""
        definition = found.published.definition
        if definition.bridge_name is not None and not exists(definition.bridge_name):
            self._gone_meanwhile(found, definition)
        else:
            self._still_there(found, definition)

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
        if definition.is_virtual:
            self._see_to(definition)
        with self._changing(found) as state:
            state.ports = ports

    def _see_to(self, definition: Network) -> None:
        """Put what runs of a virtual network right again: its dnsmasq, and its rules, which others may have flushed."""
        try:
            if definition.mode != "open":
                self._firewall.put(definition)
            if self._dnsmasq.pid(definition) is None:
                self._dnsmasq.start(definition)
        except VirtError as error:
            self.host.log.error("network %s: %s", definition.name, error)


def _parse(text: str) -> Network:
    return parse_network(text, with_dnsmasq=True)
