"""What a plugin declares about itself before any of it runs.

A declaration is a value: the host checks it, lists it and compares it with others, and only then starts the driver.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from virtloom.driver.kinds import DriverKind
from virtloom.locks import ObjectType

API_VERSION = 1  # raised when a change of the contract breaks a driver that was right before


@dataclass(frozen=True)
class ConfigKey:
    """One key of the plugin's section `[driver.NAME]`.

    :ivar name: as it is written in the file.
    :ivar default: its value when it is not given; its type is the key's type.
    :ivar help: one sentence, for `virtloom config show`.
    """

    name: str
    default: Any
    help: str


@dataclass(frozen=True)
class DriverDeclaration:
    """A driver, as its plugin declares it.

    :ivar name: short, lower case, unique on a host: `qemu`.
    :ivar version: the plugin's own version.
    :ivar api_version: the version of this contract that it was written for (`API_VERSION`).
    :ivar kind: what it manages.
    :ivar schemes: the URI schemes that it serves; a resource driver's open it alone (`storage:///system`).
    :ivar object_types: the types of its objects; the host's lock manager is made from them.
    :ivar config: the keys of its configuration section.
    :ivar default_uris: what an empty URI may open, best first (`qemu:///system`); () if never.
    :ivar default_rank: whose default an empty URI opens where several hypervisors run: the lowest rank's. Real guests
        come before containers (10, 20, as libvirt probes them), and both before what is only played (90).
    :ivar shares_resources: of a hypervisor, whether the host's resource drivers serve its connections for the kinds
        that it does not bring itself (`setSharedDrivers` in libvirt's registration). One whose guests are not on this
        host has no use for the host's networks, and need not start after them.
    """

    name: str
    version: str
    api_version: int
    kind: DriverKind
    schemes: tuple[str, ...] = ()
    object_types: tuple[ObjectType, ...] = ()
    config: tuple[ConfigKey, ...] = ()
    default_uris: tuple[str, ...] = ()
    default_rank: int = 50
    shares_resources: bool = True

    def problems(self) -> list[str]:
        """What is wrong with the declaration itself, in sentences for its author; [] if nothing."""
        found = []
        if not self.name.isidentifier() or self.name != self.name.lower():
            found.append(f"the name {self.name!r} is not a lower-case identifier")
        if self.api_version != API_VERSION:
            found.append(
                f"it was written for version {self.api_version} of the plugin API, this host has {API_VERSION}: "
                "install a release of the plugin that fits this virtloom"
            )
        if not self.schemes and self.kind is DriverKind.HYPERVISOR:
            found.append("a hypervisor driver must declare the URI schemes that it serves")
        names = [key.name for key in self.config]
        twice = sorted({name for name in names if names.count(name) > 1})
        found += [f"the configuration key {name!r} is declared twice" for name in twice]
        return found
