"""Putting ports on networks and taking them off (`networkAllocatePort`, `networkNotifyPort`, `networkReleasePort`)."""

from __future__ import annotations

from uuid import UUID

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.locks import Guarded, JobKind
from virtloom.xmldef.network.bandwidth import Bandwidth
from virtloom.xmldef.network.port import NetworkPort, missing_port
from virtloom_network.networks.base import require_active
from virtloom_network.networks.life import NetworkLife
from virtloom_network.networks.state import NetworkState
from virtloom_network.ports.allocation import allocated, check_floor, reclaimed


class PortPlugging(NetworkLife):
    """Ports on networks. Each step takes a job on the network; its ports' files are written with no lock held."""

    def _plug(self, found: Guarded[NetworkState], port: NetworkPort) -> NetworkPort:
        """Put a port on a network: one that says what it is plugged into is claimed again, another is given a place.

        :return: the port with its place.
        :raises VirtError: NETWORK_PORT_EXIST, OPERATION_INVALID, and what the network cannot do.
        """
        with found.job(JobKind.MODIFY):
            with found.locked() as state:
                view = require_active(state.view())
            if any(one.uuid == port.uuid for one in view.ports):
                raise _existing(port.uuid)
            made = allocated(view, port) if port.plug is None else reclaimed(view, port)
            self._ports.write(view.definition.uuid, made)
            with self._changing(found) as state:
                state.ports = {**state.ports, made.uuid: made}
        return made

    def _unplug(self, found: Guarded[NetworkState], uuid: bytes) -> bool:
        """Take a port off a network.

        :return: whether there was one.
        :raises VirtError: SYSTEM_ERROR.
        """
        with found.job(JobKind.MODIFY):
            self._ports.remove(found.key, uuid)  # type: ignore[arg-type]
            with self._changing(found) as state:
                left = {key: port for key, port in state.ports.items() if key != uuid}
                was_there = len(left) < len(state.ports)
                state.ports = left
        return was_there

    def _limit(self, found: Guarded[NetworkState], uuid: bytes, bandwidth: Bandwidth) -> None:
        """Give a port another bandwidth.

        :raises VirtError: NO_NETWORK_PORT, OPERATION_INVALID, OPERATION_UNSUPPORTED.
        """
        with found.job(JobKind.MODIFY):
            with found.locked() as state:
                view = require_active(state.view())
            port = next((one for one in view.ports if one.uuid == uuid), None)
            if port is None:
                raise missing_port(uuid)
            check_floor(view, bandwidth, port.mac, instead_of=port)
            limits = bandwidth if bandwidth != Bandwidth() else None
            made = port.replace(bandwidth=limits)
            self._ports.write(view.definition.uuid, made)
            with self._changing(found) as state:
                state.ports = {**state.ports, uuid: made}


def _existing(uuid: bytes) -> VirtError:
    detail = f"Network port with UUID {UUID(bytes=uuid)} already exists"
    return VirtError(ErrorCode.NETWORK_PORT_EXIST, detail, ErrorDomain.NETWORK)
