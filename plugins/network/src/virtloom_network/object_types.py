"""The driver's object types."""

from __future__ import annotations

from virtloom.locks import ObjectType

NETWORK = ObjectType("network", key="uuid")
ALL = (NETWORK,)
