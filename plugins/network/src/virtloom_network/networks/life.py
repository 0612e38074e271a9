"""A network's life: from its definition to its end.

Each step takes a job on the network, so that steps come one after the other; the network's lock is held only to look
at its state and to change it, never while a file is written or the host's network is changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from virtloom.driver import DriverHost
from virtloom.driver.constants.network import NetworkCreateFlags, NetworkDefineFlags
from virtloom.driver.constants.network import NetworkEventLifecycle as Event
from virtloom.driver.files.store import DefinitionStore
from virtloom.driver.flags import check_flags
from virtloom.driver.handles import NetworkHandle
from virtloom.driver.links.netlink import link_names
from virtloom.errors import VirtError
from virtloom.locks import Guarded, JobKind
from virtloom.xmldef import chance, validation
from virtloom.xmldef.network.network import Network, parse_network
from virtloom_network.networks.base import invalid
from virtloom_network.networks.running import NetworkRunning
from virtloom_network.networks.state import NetworkState
from virtloom_network.networks.validation import check_name, validate
from virtloom_network.ports.kept import KeptPorts

MAC_PREFIX = bytes((0x52, 0x54, 0x00))


class NetworkLife(NetworkRunning):
    """Definition, start, stop and what lies between."""

    def __init__(self, host: DriverHost) -> None:
        super().__init__(host)
        self._ports = KeptPorts(host.dirs.runtime / "ports")
        self._halfway = DefinitionStore(host.dirs.runtime / "halfway")

    # Definition.

    def network_define_xml_flags(self, xml: str, flags: int) -> NetworkHandle:
        """`virNetworkDefineXMLFlags`"""
        check_flags(flags, NetworkDefineFlags.VALIDATE, "networkDefineXMLFlags")
        if flags & NetworkDefineFlags.VALIDATE:
            validation.validate(xml, validation.NETWORK)
        with self._registered(_read(xml)) as (found, definition):
            self._kept.write(definition.name, definition.format())
            with self._changing(found) as state:
                state.defined(definition)
                self._emit(state, Event.DEFINED)
        return NetworkHandle(definition.name, definition.uuid)

    @contextmanager
    def _registered(self, definition: Network) -> Iterator[tuple[Guarded[NetworkState], Network]]:
        """The network of a definition, made if there is none, with a job on it for the length of a block.

        The block is given the definition with what its document left out. A network that was made and is neither
        active nor kept afterwards is no more.
        """
        with self._obtained(definition) as found:
            try:
                yield found, self._completed(definition)
            finally:
                self._settle(found)

    def _completed(self, definition: Network) -> Network:
        """A definition with a bridge's name, which is claimed until the state says otherwise, and a MAC address."""
        if not definition.is_virtual:
            return definition
        name = self._names.claim(definition.name, definition.bridge_name, link_names())
        mac = definition.mac or (MAC_PREFIX + chance.random_bytes(3)).hex(":")
        return definition.named_bridge(name).replace(mac=mac)

    def _settle(self, found: Guarded[NetworkState]) -> None:
        """Let go of names that were claimed in vain, and of the files of a network that is to be no more."""
        with found.locked() as state:
            self._changed(state)
            gone = None if state.active or state.persistent else state.definition
        if gone is not None:
            self._dnsmasq.files(gone).remove()

    def _new_state(self, definition: Network) -> NetworkState:
        return NetworkState(definition)

    def network_undefine(self, net: NetworkHandle) -> None:
        """`virNetworkUndefine`: one that runs goes on, and is no more once it stops."""
        found = self.networks.need(net)
        with self._step(found):
            with found.locked() as state:
                if not state.persistent:
                    raise invalid("can't undefine transient network")
                name = state.definition.name
            self._forget_files(name)
            with self._changing(found) as state:
                state.persistent = state.autostart = False
                state.later = None
                self._emit(state, Event.UNDEFINED)
            self._settle(found)

    def network_set_autostart(self, net: NetworkHandle, autostart: int) -> None:
        """`virNetworkSetAutostart`: kept as a link to the definition."""
        refusal = invalid("cannot set autostart for transient network")
        self._set_autostart(self.networks.need(net), bool(autostart), refusal)

    # Start and stop.

    def network_create_xml_flags(self, xml: str, flags: int) -> NetworkHandle:
        """`virNetworkCreateXMLFlags`"""
        check_flags(flags, NetworkCreateFlags.VALIDATE, "networkCreateXMLFlags")
        if flags & NetworkCreateFlags.VALIDATE:
            validation.validate(xml, validation.NETWORK)
        with self._registered(_read(xml)) as (found, definition):
            with found.locked() as state:
                if state.active:
                    raise invalid(f"network is already active as '{state.definition.name}'")
            self._start(found, definition)
        return NetworkHandle(definition.name, definition.uuid)

    def network_create(self, net: NetworkHandle) -> None:
        """`virNetworkCreate`"""
        found = self.networks.need(net)
        with self._step(found):
            self._start_kept(found)

    def _start_kept(self, found: Guarded[NetworkState]) -> None:
        with found.locked() as state:
            if state.active:
                raise invalid("network is already active")
            definition = state.definition
        self._start(found, definition)

    def _start(self, found: Guarded[NetworkState], definition: Network) -> None:
        """Make a network run with a definition; the caller has a job on it, and saw that it does not."""
        self._ports.forget(definition.uuid)
        with self._noted(definition):
            self._raise_up(definition)
            try:
                self._running.write(definition.name, definition.format())
            except BaseException:
                self._tear_down(definition)
                raise
        with self._changing(found) as state:
            if state.persistent and state.definition is not definition:
                state.later = state.definition
            state.definition = definition
            state.started()
            self._emit(state, Event.STARTED)

    @contextmanager
    def _noted(self, definition: Network) -> Iterator[None]:
        """Note on disk that a network is being started or stopped, so that a crash meanwhile leaves nothing of it."""
        self._halfway.write(definition.name, definition.format())
        try:
            yield
        finally:
            with suppress(VirtError):
                self._halfway.remove(definition.name)

    def network_destroy(self, net: NetworkHandle) -> None:
        """`virNetworkDestroy`"""
        found = self.networks.need(net)
        with self._step(found, JobKind.DESTROY):
            with found.locked() as state:
                if not state.active:
                    raise invalid(f"network '{state.definition.name}' is not active")
                definition = state.definition
            with self._noted(definition):
                self._running.remove(definition.name)
                self._tear_down(definition)
            self._ports.forget(definition.uuid)
            with self._changing(found) as state:
                state.stopped()
                self._emit(state, Event.STOPPED)
            self._settle(found)


def _read(xml: str) -> Network:
    """The network that a client asks for.

    :raises VirtError: whatever is wrong with it.
    """
    definition = parse_network(xml, with_dnsmasq=True)
    check_name(definition)
    validate(definition)
    return definition
