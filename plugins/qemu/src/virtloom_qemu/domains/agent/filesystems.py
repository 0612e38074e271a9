"""A guest's file systems: stopped for a moment, trimmed, listed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from virtloom.driver.handles import DomainHandle
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import JobKind
from virtloom_qemu.agent import Agent
from virtloom_qemu.agent.answers import FileSystem, file_systems
from virtloom_qemu.agent.disks import disk_at
from virtloom_qemu.domains.agent.base import AgentTalk


class FileSystems(AgentTalk):
    """The calls about file systems."""

    def domain_fsfreeze(self, dom: DomainHandle, mountpoints: Sequence[str], flags: int) -> int:
        """`virDomainFSFreeze`: how many were frozen."""
        self._check_flags(flags, 0, "DomainFSFreeze")
        with self._agent(dom, JobKind.AGENT_MODIFY) as talk:
            return freeze(talk.agent, mountpoints)

    def domain_fsthaw(self, dom: DomainHandle, mountpoints: Sequence[str], flags: int) -> int:
        """`virDomainFSThaw`: how many were thawed."""
        self._check_flags(flags, 0, "DomainFSThaw")
        if mountpoints:
            raise VirtError(ErrorCode.ARGUMENT_UNSUPPORTED, "specifying mountpoints is not supported")
        with self._agent(dom, JobKind.AGENT_MODIFY) as talk:
            return thaw(talk.agent)

    def domain_fstrim(self, dom: DomainHandle, mount_point: str | None, minimum: int, flags: int) -> None:
        """`virDomainFSTrim`

        :param minimum: bytes of the smallest free piece that is given back.
        """
        self._check_flags(flags, 0, "DomainFSTrim")
        if mount_point is not None:
            raise VirtError(ErrorCode.ARGUMENT_UNSUPPORTED, "Specifying mount point is not supported for now")
        with self._agent(dom, JobKind.AGENT_MODIFY) as talk:
            talk.agent.execute("guest-fstrim", {"minimum": minimum})

    def domain_get_fsinfo(self, dom: DomainHandle, flags: int) -> list[tuple[str, str, str, list[str]]]:
        """`virDomainGetFSInfo`: where each is mounted, its device, its type, and the disks below it."""
        self._check_flags(flags, 0, "DomainGetFSInfo")
        with self._agent(dom, JobKind.AGENT_QUERY) as talk:
            told = file_systems(talk.agent)
            live = talk.live

        def disks(one: FileSystem) -> list[str]:
            names = (disk_at(live, address) for address in one.disks)
            return [name for name in names if name is not None]

        return [(one.mountpoint, one.name, one.type, disks(one)) for one in told]


def freeze(agent: Agent, mountpoints: Sequence[str] = ()) -> int:
    """Have a guest write out and stop its file systems; how many (`qemuAgentFSFreeze`).

    :param mountpoints: which; () for all.
    """
    if mountpoints:
        return _count(agent.execute("guest-fsfreeze-freeze-list", {"mountpoints": list(mountpoints)}))
    return _count(agent.execute("guest-fsfreeze-freeze"))


def thaw(agent: Agent) -> int:
    """Have a guest's file systems go on; how many (`qemuAgentFSThaw`)."""
    return _count(agent.execute("guest-fsfreeze-thaw"))


def _count(told: Any) -> int:
    if not isinstance(told, int):
        raise VirtError(ErrorCode.INTERNAL_ERROR, "malformed return value")
    return told
