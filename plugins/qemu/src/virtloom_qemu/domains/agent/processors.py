"""A guest's processors as the guest sees them: which it uses, which it may leave."""

from __future__ import annotations

from typing import Any, NamedTuple

from virtloom.driver.handles import DomainHandle
from virtloom.driver.params import TypedParam, string
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import JobKind
from virtloom.xmldef.values import Misfit, cpus
from virtloom_qemu.agent import Agent
from virtloom_qemu.agent.errors import nonsense
from virtloom_qemu.domains.agent.base import AgentTalk

NUMBER_MAX = 4096  # libvirt's QEMU_GUEST_VCPU_MAX_ID


class GuestProcessor(NamedTuple):
    """One processor."""

    number: int
    online: bool
    offlinable: bool


class GuestProcessors(AgentTalk):
    """The calls about processors that the agent answers."""

    def domain_get_guest_vcpus(self, dom: DomainHandle, flags: int) -> list[TypedParam]:
        """`virDomainGetGuestVcpus`"""
        self._check_flags(flags, 0, "DomainGetGuestVcpus")
        with self._agent(dom, JobKind.AGENT_QUERY) as talk:
            told = processors(talk.agent)
        for one in told:
            if one.number >= NUMBER_MAX:
                detail = f"vcpu id '{one.number}' reported by guest agent is out of range"
                raise VirtError(ErrorCode.INTERNAL_ERROR, detail)
        return [
            string("vcpus", cpus.format(frozenset(one.number for one in told))),
            string("online", cpus.format(frozenset(one.number for one in told if one.online))),
            string("offlinable", cpus.format(frozenset(one.number for one in told if one.offlinable))),
        ]

    def domain_set_guest_vcpus(self, dom: DomainHandle, cpumap: str, state: int, flags: int) -> None:
        """`virDomainSetGuestVcpus`: 1 switches the processors on, 0 off."""
        self._check_flags(flags, 0, "DomainSetGuestVcpus")
        if state not in (0, 1):
            raise VirtError(ErrorCode.INVALID_ARG, "state in qemuDomainSetGuestVcpus: unsupported state value")
        try:
            wanted = cpus.parse(cpumap)
        except Misfit:
            raise VirtError(ErrorCode.INVALID_ARG, f"Failed to parse bitmap '{cpumap}'") from None
        with self._agent(dom, JobKind.AGENT_MODIFY) as talk:
            told = processors(talk.agent)
            for one in told:
                if one.number in wanted and not state and not one.offlinable:
                    detail = f"vCPU '{one.number}' is not offlinable"
                    raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail)
            missing = wanted - {one.number for one in told}
            if missing:
                detail = f"guest is missing vCPUs '{cpus.format(missing)}'"
                raise VirtError(ErrorCode.INVALID_ARG, detail)
            switch(talk.agent, [(one.number, bool(state)) for one in told if one.number in wanted])


def processors(agent: Agent) -> list[GuestProcessor]:
    """What the guest says of its processors (`qemuAgentGetVCPUs`)."""
    told = agent.execute("guest-get-vcpus")
    if not isinstance(told, list):
        raise nonsense("malformed return value")
    return [_processor(one) for one in told]


def _processor(entry: Any) -> GuestProcessor:
    if not isinstance(entry, dict):
        raise nonsense("array element missing in guest-get-vcpus return value")
    for key, kind in (("logical-id", int), ("online", bool)):
        if not isinstance(entry.get(key), kind):
            raise nonsense(f"'{key}' missing in reply of guest-get-vcpus")
    return GuestProcessor(entry["logical-id"], entry["online"], bool(entry.get("can-offline", False)))


def switch(agent: Agent, wanted: list[tuple[int, bool]]) -> None:
    """Switch processors on and off; an agent may do it in several steps (`qemuAgentSetVCPUs`)."""
    while wanted:
        entries = [{"logical-id": number, "online": online} for number, online in wanted]
        done = agent.execute("guest-set-vcpus", {"vcpus": entries})
        if not isinstance(done, int) or not 0 < done <= len(wanted):
            raise nonsense("guest agent returned malformed or invalid return value")
        wanted = wanted[done:]


def choose(told: list[GuestProcessor], count: int) -> list[tuple[int, bool]]:
    """Which processors to switch so that the guest uses a number of them (`qemuAgentUpdateCPUInfo`).

    :raises VirtError: INVALID_ARG if it cannot.
    """
    if any(not one.online and not one.offlinable for one in told):
        raise nonsense("Invalid data provided by guest agent")
    if count > len(told):
        raise nonsense("guest agent reports less cpu than requested")
    online = [one for one in told if one.online]
    leaving = [one for one in online if one.offlinable]
    if len(leaving) == len(online):  # some kernels need their first processor
        leaving = [one for one in leaving if one.number != 0]
    if count < len(online) - len(leaving):
        raise VirtError(ErrorCode.INVALID_ARG, "Cannot offline enough CPUs")
    if count <= len(online):
        return [(one.number, False) for one in leaving[: len(online) - count]]
    return [(one.number, True) for one in told if not one.online][: count - len(online)]
