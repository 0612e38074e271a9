"""Handles: how a client names an object, and how a driver names it back.

A handle is a value, not the object: it says which one is meant, and the driver looks it up again at each call. The
fields stand in the order of the wire's structs, so that a handle is encoded as it is.
"""

from __future__ import annotations

from typing import NamedTuple


class DomainHandle(NamedTuple):
    """A domain: name, 16 bytes of uuid, and its id while it runs (-1 otherwise)."""

    name: str
    uuid: bytes
    id: int


class NetworkHandle(NamedTuple):
    """A virtual network."""

    name: str
    uuid: bytes


class NetworkPortHandle(NamedTuple):
    """A port of a virtual network."""

    net: NetworkHandle
    uuid: bytes


class InterfaceHandle(NamedTuple):
    """A host interface: its name and MAC address (lower case, colons)."""

    name: str
    mac: str


class StoragePoolHandle(NamedTuple):
    """A storage pool."""

    name: str
    uuid: bytes


class StorageVolHandle(NamedTuple):
    """A volume: the pool's name, its own, and the key that is unique on the host."""

    pool: str
    name: str
    key: str


class NodeDeviceHandle(NamedTuple):
    """A device of the host."""

    name: str


class SecretHandle(NamedTuple):
    """A secret, with what it is used for (`virSecretUsageType` and an identifier)."""

    uuid: bytes
    usageType: int  # noqa: N815 - the wire's name, which a decoded handle carries too
    usageID: str  # noqa: N815


class NWFilterHandle(NamedTuple):
    """A network filter."""

    name: str
    uuid: bytes


class NWFilterBindingHandle(NamedTuple):
    """The binding of a network filter to a port device."""

    portdev: str
    filtername: str


class DomainSnapshotHandle(NamedTuple):
    """A snapshot of a domain."""

    name: str
    dom: DomainHandle


class DomainCheckpointHandle(NamedTuple):
    """A checkpoint of a domain."""

    name: str
    dom: DomainHandle
