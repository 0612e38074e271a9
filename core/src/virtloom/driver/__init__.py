"""The plugin contract: what a driver is, what it declares, and what the host gives it.

For plugin authors: `hookspecs` has the whole contract, `base` the classes to derive from, `host` what a driver
receives. For the host: `registry` finds and starts plugins.
"""

from virtloom.driver.base import (
    Driver,
    HypervisorDriver,
    InterfaceDriver,
    NetworkDriver,
    NodeDeviceDriver,
    NWFilterDriver,
    SecretDriver,
    StorageDriver,
)
from virtloom.driver.collections import Collection, NameTaken
from virtloom.driver.declaration import API_VERSION, ConfigKey, DriverDeclaration
from virtloom.driver.events import Event, EventFamily, EventSource
from virtloom.driver.hookspecs import hookimpl
from virtloom.driver.host import Directories, DriverHost
from virtloom.driver.interception import InterceptedCall, ReplyCut
from virtloom.driver.kinds import DriverKind
from virtloom.driver.streams import BytesSource, Hole, Sink, Source, Stream
from virtloom.driver.uri import URI

__all__ = [
    "API_VERSION",
    "URI",
    "BytesSource",
    "Collection",
    "ConfigKey",
    "Directories",
    "Driver",
    "DriverDeclaration",
    "DriverHost",
    "DriverKind",
    "Event",
    "EventFamily",
    "EventSource",
    "Hole",
    "HypervisorDriver",
    "InterceptedCall",
    "InterfaceDriver",
    "NWFilterDriver",
    "NameTaken",
    "NetworkDriver",
    "NodeDeviceDriver",
    "ReplyCut",
    "SecretDriver",
    "Sink",
    "Source",
    "StorageDriver",
    "Stream",
    "hookimpl",
]
