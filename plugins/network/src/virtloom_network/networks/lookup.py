"""Finding networks and asking about them: from snapshots alone, so that a network that is starting delays no answer."""

from __future__ import annotations

from virtloom.driver.constants.connect import ConnectListAllNetworksFlags as Filter
from virtloom.driver.constants.network import NetworkXMLFlags
from virtloom.driver.flags import check_flags, stands
from virtloom.driver.handles import NetworkHandle
from virtloom.errors import ErrorCode, VirtError
from virtloom_network.networks.base import NetworksBase

FILTERS = 0x3F  # VIR_CONNECT_LIST_NETWORKS_FILTERS_ALL


class NetworkLookup(NetworksBase):
    """Queries about networks."""

    def connect_list_all_networks(self, flags: int) -> list[NetworkHandle]:
        """`virConnectListAllNetworks`"""
        check_flags(flags, FILTERS, "networkConnectListAllNetworks")
        return [view.handle for view in self.networks.views() if stands(flags, Filter, view)]

    def network_lookup_by_name(self, name: str) -> NetworkHandle:
        """`virNetworkLookupByName`"""
        handle: NetworkHandle = self.networks.need_name(name).published.handle
        return handle

    def network_lookup_by_uuid(self, uuid: bytes) -> NetworkHandle:
        """`virNetworkLookupByUUID`"""
        handle: NetworkHandle = self.networks.need_uuid(uuid).published.handle
        return handle

    def network_is_active(self, net: NetworkHandle) -> bool:
        """`virNetworkIsActive`"""
        return self._view(net).active

    def network_is_persistent(self, net: NetworkHandle) -> bool:
        """`virNetworkIsPersistent`"""
        return self._view(net).persistent

    def network_get_autostart(self, net: NetworkHandle) -> bool:
        """`virNetworkGetAutostart`"""
        return self._view(net).autostart

    def network_get_bridge_name(self, net: NetworkHandle) -> str:
        """`virNetworkGetBridgeName`"""
        definition = self._view(net).definition
        if definition.bridge_name is None:
            raise VirtError(ErrorCode.INTERNAL_ERROR, f"network '{definition.name}' does not have a bridge name.")
        return definition.bridge_name

    def network_get_xml_desc(self, net: NetworkHandle, flags: int) -> str:
        """`virNetworkGetXMLDesc`"""
        check_flags(flags, NetworkXMLFlags.XML_INACTIVE, "networkGetXMLDesc")
        return self._view(net).shown(inactive=bool(flags & NetworkXMLFlags.XML_INACTIVE)).format()
