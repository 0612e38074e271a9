"""The types of the driver's objects, as the plugin declares them."""

from __future__ import annotations

from virtloom.locks import ObjectType

POOL = ObjectType("pool", key="uuid")
VOLUME = ObjectType("volume", key="pool/name")
LAYOUT = ObjectType("layout", key="pool")

ALL = (POOL, VOLUME, LAYOUT)
