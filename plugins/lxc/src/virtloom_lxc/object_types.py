"""The types of the driver's objects, as the plugin declares them."""

from __future__ import annotations

from virtloom.locks import ObjectType

DOMAIN = ObjectType("domain", key="uuid")

ALL = (DOMAIN,)
