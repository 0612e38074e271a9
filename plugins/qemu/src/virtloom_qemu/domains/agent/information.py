"""What a guest tells of itself, as typed parameters: users, system, time zone, file systems, disks, interfaces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from virtloom.driver.constants.domain import DomainGuestInfoTypes as Info
from virtloom.driver.constants.domain import DomainInterfaceAddressesSource as Source
from virtloom.driver.domains.addresses import Addresses, DomainAddresses
from virtloom.driver.handles import DomainHandle
from virtloom.driver.params import TypedParam, boolean, int_, string, uint, ullong
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import JobKind
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.agent import Agent, AgentRefused
from virtloom_qemu.agent.answers import disk_address, file_systems, interfaces, text
from virtloom_qemu.agent.disks import disk_at
from virtloom_qemu.agent.errors import nonsense
from virtloom_qemu.domains.agent.base import AgentTalk
from virtloom_qemu.runs.state import QemuDomain

Rows = Iterator[TypedParam]
OS_FIELDS = (
    "id", "name", "pretty-name", "version", "version-id", "machine", "variant", "variant-id", "kernel-release",
    "kernel-version",
)  # fmt: skip


def users(agent: Agent, live: Domain) -> Rows:
    """Who is logged in, and since when."""
    told = agent.execute("guest-get-users")
    if not isinstance(told, list):
        raise nonsense("guest-get-users reply was missing return data")
    yield uint("user.count", len(told))
    for place, entry in enumerate(told):
        yield string(f"user.{place}.name", text(entry, "user", "reply of guest-get-users"))
        if isinstance(entry.get("domain"), str):
            yield string(f"user.{place}.domain", entry["domain"])
        if not isinstance(entry.get("login-time"), int | float):
            raise nonsense("'login-time' missing in reply of guest-get-users")
        yield ullong(f"user.{place}.login-time", int(entry["login-time"] * 1000))


def system(agent: Agent, live: Domain) -> Rows:
    """What runs in it."""
    told = agent.execute("guest-get-osinfo")
    if not isinstance(told, dict):
        raise nonsense("guest-get-osinfo reply was missing return data")
    for name in OS_FIELDS:
        if isinstance(told.get(name), str):
            yield string(f"os.{name}", told[name])


def time_zone(agent: Agent, live: Domain) -> Rows:
    """Its time zone; the offset in seconds east."""
    told = agent.execute("guest-get-timezone")
    if not isinstance(told, dict):
        raise nonsense("guest-get-timezone reply was missing return data")
    if isinstance(told.get("zone"), str):
        yield string("timezone.name", told["zone"])
    if not isinstance(told.get("offset"), int):
        raise nonsense("'offset' missing in reply of guest-get-timezone")
    yield int_("timezone.offset", told["offset"])


def hostname(agent: Agent, live: Domain) -> Rows:
    """Its name."""
    yield string("hostname", text(agent.execute("guest-get-host-name"), "host-name", "guest-get-host-name reply"))


def mounted(agent: Agent, live: Domain) -> Rows:
    """Its file systems."""
    told = file_systems(agent)
    if not told:
        return
    yield uint("fs.count", len(told))
    for place, one in enumerate(told):
        prefix = f"fs.{place}"
        yield string(f"{prefix}.name", one.name)
        yield string(f"{prefix}.mountpoint", one.mountpoint)
        yield string(f"{prefix}.fstype", one.type)
        if one.total is not None:
            yield ullong(f"{prefix}.total-bytes", one.total)
        if one.used is not None:
            yield ullong(f"{prefix}.used-bytes", one.used)
        yield uint(f"{prefix}.disk.count", len(one.disks))
        for number, disk in enumerate(one.disks):
            below = f"{prefix}.disk.{number}"
            rows = (("alias", disk_at(live, disk)), ("serial", disk.serial), ("device", disk.device))
            yield from (string(f"{below}.{name}", value) for name, value in rows if value is not None)


def disks(agent: Agent, live: Domain) -> Rows:
    """Its disks and their partitions."""
    told = agent.execute("guest-get-disks")
    if not isinstance(told, list):
        raise nonsense("qemu agent didn't return an array of disks")
    if not told:
        return
    yield uint("disk.count", len(told))
    for place, entry in enumerate(told):
        yield from _disk(f"disk.{place}", entry, live)


def _disk(prefix: str, entry: Any, live: Domain) -> Rows:
    yield string(f"{prefix}.name", text(entry, "name", "reply of guest-get-disks"))
    if not isinstance(entry.get("partition"), bool):
        raise nonsense("'partition' missing in reply of guest-get-disks")
    yield boolean(f"{prefix}.partition", entry["partition"])
    below = entry.get("dependencies") or []
    if below:
        yield uint(f"{prefix}.dependency.count", len(below))
        yield from (string(f"{prefix}.dependency.{number}.name", str(one)) for number, one in enumerate(below))
    if isinstance(entry.get("address"), dict):
        address = disk_address(entry["address"])
        rows = (("serial", address.serial), ("alias", disk_at(live, address)))
        yield from (string(f"{prefix}.{name}", value) for name, value in rows if value is not None)
    if isinstance(entry.get("alias"), str):
        yield string(f"{prefix}.guest_alias", entry["alias"])


def network(agent: Agent, live: Domain) -> Rows:
    """Its network interfaces and their addresses."""
    told = interfaces(agent)
    if not told:
        return
    yield uint("if.count", len(told))
    for place, one in enumerate(told):
        yield string(f"if.{place}.name", one.name)
        if one.mac is not None:
            yield string(f"if.{place}.hwaddr", one.mac)
        yield uint(f"if.{place}.addr.count", len(one.addresses))
        for number, (family, address, prefix) in enumerate(one.addresses):
            yield string(f"if.{place}.addr.{number}.type", ("ipv4", "ipv6")[family])
            yield string(f"if.{place}.addr.{number}.addr", address)
            yield uint(f"if.{place}.addr.{number}.prefix", prefix)


GROUPS: dict[int, Callable[[Agent, Domain], Rows]] = {
    Info.USERS: users,
    Info.OS: system,
    Info.TIMEZONE: time_zone,
    Info.HOSTNAME: hostname,
    Info.FILESYSTEM: mounted,
    Info.DISKS: disks,
    Info.INTERFACES: network,
}
KNOWN = sum(GROUPS)


class Information(AgentTalk, DomainAddresses[QemuDomain]):
    """The calls that ask a guest for what it knows."""

    def domain_get_guest_info(self, dom: DomainHandle, types: int, flags: int) -> list[TypedParam]:
        """`virDomainGetGuestInfo`: without types all that the agent can tell; with types it must tell them all."""
        self._check_flags(flags, 0, "DomainGetGuestInfo")
        if types & ~KNOWN:
            detail = f"unsupported guest information types '0x{types & ~KNOWN:x}'"
            raise VirtError(ErrorCode.INVALID_ARG, detail)
        rows: list[TypedParam] = []
        with self._agent(dom, JobKind.AGENT_QUERY) as talk:
            for group, gather in GROUPS.items():
                if types and not types & group:
                    continue
                try:
                    rows += list(gather(talk.agent, talk.live))
                except AgentRefused as error:
                    if types or not error.unknown:
                        raise
        return rows

    def domain_interface_addresses(self, dom: DomainHandle, source: int, flags: int) -> Addresses:
        """`virDomainInterfaceAddresses`, the agent's answer besides those of the host."""
        if source != Source.AGENT:
            return super().domain_interface_addresses(dom, source, flags)
        self._check_flags(flags, 0, "DomainInterfaceAddresses")
        with self._agent(dom, JobKind.AGENT_QUERY) as talk:
            told = interfaces(talk.agent)
        return [(one.name, one.mac or "", list(one.addresses)) for one in told]
