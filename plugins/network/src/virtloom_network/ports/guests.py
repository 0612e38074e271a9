"""Ports for the hypervisors' guests, reached through the host (`NetworkDriver.allocate_port`)."""

from __future__ import annotations

from virtloom.driver.handles import DomainHandle
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import ObjectGone
from virtloom.xmldef import chance
from virtloom.xmldef.network.port import NetworkPort, Owner
from virtloom_network.ports.plugging import PortPlugging


class PortsForGuests(PortPlugging):
    """What other drivers call."""

    def allocate_port(
        self, network: str, owner: DomainHandle, mac: str, *, wanted: NetworkPort | None = None
    ) -> NetworkPort:
        """See `NetworkDriver.allocate_port`."""
        found = self.networks.need_name(network)
        base = wanted or NetworkPort()
        port = base.replace(
            uuid=base.uuid or chance.uuid().bytes,
            owner=Owner(name=owner.name, uuid=owner.uuid),
            mac=mac,
        )
        return self._plug(found, port)

    def release_port(self, network: str, port: bytes) -> None:
        """See `NetworkDriver.release_port`."""
        try:
            self._unplug(self.networks.need_name(network), port)
        except ObjectGone:
            return
        except VirtError as error:
            if error.code is not ErrorCode.NO_NETWORK:
                raise
