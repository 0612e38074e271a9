"""The types of the driver's objects, as the plugin declares them."""

from __future__ import annotations

from virtloom.locks import ObjectType

DOMAIN = ObjectType("domain", key="uuid")
NETWORK = ObjectType("network", key="uuid")
NETWORK_PORT = ObjectType("network port", key="uuid")
INTERFACE = ObjectType("interface", key="name")
POOL = ObjectType("pool", key="uuid")
DEVICE = ObjectType("device", key="name")
KEPT_HOST = ObjectType("kept host", key="uri")

ALL = (DOMAIN, NETWORK, NETWORK_PORT, INTERFACE, POOL, DEVICE, KEPT_HOST)
