"""What agents answer, checked: an agent is part of the guest, and may say anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from virtloom_qemu.agent.client import Agent
from virtloom_qemu.agent.errors import nonsense


class DiskAddress(NamedTuple):
    """Where a guest sees a disk.

    :ivar pci: domain, bus, slot and function of the controller.
    """

    bus: int
    target: int
    unit: int
    pci: tuple[int, int, int, int]
    serial: str | None
    device: str | None


class FileSystem(NamedTuple):
    """One file system of a guest; sizes in bytes, None where an old agent does not tell."""

    mountpoint: str
    name: str
    type: str
    used: int | None
    total: int | None
    disks: tuple[DiskAddress, ...]


class GuestInterface(NamedTuple):
    """One network interface of a guest.

    :ivar addresses: type (0 for IPv4, 1 for IPv6), address, length of the prefix.
    """

    name: str
    mac: str | None
    addresses: tuple[tuple[int, str, int], ...]


FAMILIES = {"ipv4": 0, "ipv6": 1}


def file_systems(agent: Agent) -> list[FileSystem]:
    """A guest's file systems, in the order in which they were mounted (`qemuAgentGetFSInfo`)."""
    told = agent.execute("guest-get-fsinfo")
    if not isinstance(told, list):
        raise nonsense("Malformed guest-get-fsinfo data array")
    return [_file_system(one) for one in reversed(told)]


def _file_system(entry: Any) -> FileSystem:
    where = "reply of guest-get-fsinfo"
    mountpoint, name, kind = (text(entry, key, where) for key in ("mountpoint", "name", "type"))
    if "disk" not in entry:
        raise nonsense("'disk' missing in reply of guest-get-fsinfo")
    if not isinstance(entry["disk"], list):
        raise nonsense("Malformed guest-get-fsinfo 'disk' data array")
    used, total = (_optional(entry, key, int) for key in ("used-bytes", "total-bytes"))
    return FileSystem(mountpoint, name, kind, used, total, tuple(disk_address(one) for one in entry["disk"]))


def disk_address(entry: Any) -> DiskAddress:
    """Where a guest sees a disk (`qemuAgentGetDiskAddress`)."""
    pci = entry.get("pci-controller") if isinstance(entry, dict) else None
    if not isinstance(pci, dict):
        raise nonsense("'pci-controller' missing")
    bus, target, unit = (_number(entry, key) for key in ("bus", "target", "unit"))
    place = (_number(pci, "domain"), _number(pci, "bus"), _number(pci, "slot"), _number(pci, "function"))
    return DiskAddress(bus, target, unit, place, _optional(entry, "serial", str), _optional(entry, "dev", str))


def interfaces(agent: Agent) -> list[GuestInterface]:
    """A guest's network interfaces, those with an alias put together (`qemuAgentGetInterfaces`)."""
    told = agent.execute("guest-network-get-interfaces")
    if not isinstance(told, list):
        raise nonsense("qemu agent didn't return an array of interfaces")
    found: dict[str, GuestInterface] = {}
    for entry in told:
        name = _optional(entry, "name", str) if isinstance(entry, dict) else None
        if name is None:
            raise nonsense("qemu agent didn't provide 'name' field")
        bare = name.partition(":")[0]
        known = found.get(bare) or GuestInterface(bare, _optional(entry, "hardware-address", str), ())
        addresses = entry.get("ip-addresses") or []
        if not isinstance(addresses, list):
            raise nonsense("Malformed ip-addresses array")
        more = tuple(_address(one, name) for one in addresses)
        found[bare] = known._replace(addresses=known.addresses + more)
    return list(found.values())


def _address(entry: Any, name: str) -> tuple[int, str, int]:
    if not isinstance(entry, dict) or "ip-address-type" not in entry:
        raise nonsense(f"qemu agent didn't provide 'ip-address-type' field for interface '{name}'")
    family = FAMILIES.get(str(entry["ip-address-type"]))
    if family is None:
        raise nonsense(f"unknown ip address type '{entry['ip-address-type']}'")
    if not isinstance(entry.get("ip-address"), str):
        raise nonsense(f"qemu agent didn't provide 'ip-address' field for interface '{name}'")
    if not isinstance(entry.get("prefix"), int):
        raise nonsense("malformed 'prefix' field")
    return family, entry["ip-address"], entry["prefix"]


def text(entry: Any, key: str, where: str) -> str:
    """A string that an answer must have."""
    found = _optional(entry, key, str) if isinstance(entry, dict) else None
    if found is None:
        raise nonsense(f"'{key}' missing in {where}")
    return str(found)


def _number(entry: Mapping[str, Any], key: str) -> int:
    found = entry.get(key)
    if not isinstance(found, int):
        raise nonsense(f"'{key}' missing")
    return found


def _optional(entry: Mapping[str, Any], key: str, kind: type) -> Any:
    found = entry.get(key)
    return found if isinstance(found, kind) else None
