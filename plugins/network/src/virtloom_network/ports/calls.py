"""The calls about ports (`networkPortCreateXML` and its kin)."""

from __future__ import annotations

from collections.abc import Sequence

from virtloom.driver.constants.network import NetworkPortCreateFlags as Create
from virtloom.driver.flags import check_flags
from virtloom.driver.handles import NetworkHandle, NetworkPortHandle
from virtloom.driver.params import UINT, TypedParam, checked, uint
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.network.bandwidth import Bandwidth, Rate
from virtloom.xmldef.network.port import NetworkPort, missing_port, parse_port
from virtloom_network.networks.base import require_active
from virtloom_network.ports.plugging import PortPlugging

RATES = {"inbound": ("average", "peak", "floor", "burst"), "outbound": ("average", "peak", "burst")}


class PortCalls(PortPlugging):
    """Ports as clients see them."""

    def network_list_all_ports(self, network: NetworkHandle, flags: int) -> list[NetworkPortHandle]:
        """`virNetworkListAllPorts`"""
        check_flags(flags, 0, "networkListAllPorts")
        view = require_active(self._view(network))
        return [NetworkPortHandle(view.handle, port.uuid) for port in view.ports]

    def network_port_lookup_by_uuid(self, network: NetworkHandle, uuid: bytes) -> NetworkPortHandle:
        """`virNetworkPortLookupByUUID`"""
        self._port(NetworkPortHandle(network, uuid))
        return NetworkPortHandle(self._view(network).handle, uuid)

    def _port(self, port: NetworkPortHandle) -> NetworkPort:
        """The port of a handle.

        :raises VirtError: NO_NETWORK_PORT, OPERATION_INVALID if its network does not run.
        """
        view = self._view(port.net)
        found = next((one for one in view.ports if one.uuid == port.uuid), None)
        if found is None:
            raise missing_port(port.uuid)
        require_active(view)
        return found

    def network_port_create_xml(self, network: NetworkHandle, xml: str, flags: int) -> NetworkPortHandle:
        """`virNetworkPortCreateXML`"""
        check_flags(flags, Create.RECLAIM | Create.VALIDATE, "networkPortCreateXML")
        port = parse_port(xml)
        view = require_active(self._view(network))
        if port.plug is None and flags & Create.RECLAIM:
            raise _bad_argument("Port reclaim requested but plug type is none")
        if port.plug is not None and not flags & Create.RECLAIM:
            raise _bad_argument("Port reclaim not requested but plug type is not none")
        made = self._plug(self.networks.need(network), port)
        return NetworkPortHandle(view.handle, made.uuid)

    def network_port_get_xml_desc(self, port: NetworkPortHandle, flags: int) -> str:
        """`virNetworkPortGetXMLDesc`"""
        check_flags(flags, 0, "networkPortGetXMLDesc")
        return self._port(port).format()

    def network_port_delete(self, port: NetworkPortHandle, flags: int) -> None:
        """`virNetworkPortDelete`"""
        check_flags(flags, 0, "networkPortDelete")
        self._port(port)
        if not self._unplug(self.networks.need(port.net), port.uuid):
            raise missing_port(port.uuid)

    def network_port_get_parameters(self, port: NetworkPortHandle, flags: int) -> list[TypedParam]:
        """`virNetworkPortGetParameters`: its bandwidth, if it is limited."""
        check_flags(flags, 0, "networkPortGetParameters")
        bandwidth = self._port(port).bandwidth or Bandwidth()
        return [
            uint(f"{way}.{name}", getattr(rate, name) or 0)
            for way, names in RATES.items()
            if (rate := getattr(bandwidth, way)) is not None
            for name in names
        ]

    def network_port_set_parameters(self, port: NetworkPortHandle, params: Sequence[TypedParam], flags: int) -> None:
        """`virNetworkPortSetParameters`"""
        check_flags(flags, 0, "networkPortSetParameters")
        allowed = {f"{way}.{name}": UINT for way, names in RATES.items() for name in names}
        given = checked(params, allowed)
        self._port(port)
        rates = {
            way: _rate({name: int(given.get(f"{way}.{name}", 0)) or None for name in names})
            for way, names in RATES.items()
        }
        self._limit(self.networks.need(port.net), port.uuid, Bandwidth(**rates))


def _rate(values: dict[str, int | None]) -> Rate | None:
    """One direction's rates; None if it is not limited: what is neither an average nor a floor alone is nothing."""
    return Rate(**values) if values["average"] or values.get("floor") else None


def _bad_argument(detail: str) -> VirtError:
    return VirtError(ErrorCode.INVALID_ARG, detail, ErrorDomain.NETWORK)
