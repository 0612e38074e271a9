"""The agent, spoken to by clients directly; how long it is waited for; sleep, and time."""

from __future__ import annotations

import json

from virtloom.driver.constants.domain_state import DomainState as State
from virtloom.driver.handles import DomainHandle
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import JobKind
from virtloom_qemu.agent.client import seconds_of
from virtloom_qemu.domains.agent.base import AgentTalk, reachable
from virtloom_qemu.domains.client_message import client_message
from virtloom_qemu.runs.happening.taints import Taint

SUSPENDS = ("guest-suspend-ram", "guest-suspend-disk", "guest-suspend-hybrid")  # by virNodeSuspendTarget
TIME_SYNC = 1  # VIR_DOMAIN_TIME_SYNC
SECONDS_MAX = ((1 << 63) - 1) // 1_000_000_000
NANO = 1_000_000_000


class AgentCommands(AgentTalk):
    """Commands as they are, and what changes how the guest runs."""

    def domain_agent_command(self, dom: DomainHandle, cmd: str, timeout: int, flags: int) -> str:
        """`virDomainQemuAgentCommand`: the whole answer as JSON."""
        self._check_flags(flags, 0, "DomainQemuAgentCommand")
        with self._agent(dom, JobKind.AGENT_MODIFY) as talk:
            with talk.found.locked() as state:
                state.tainted = state.tainted | {Taint.CUSTOM_GA_COMMAND}
            seconds = seconds_of(timeout)
            message = client_message(cmd)
            answer = talk.agent.roundtrip(message, timeout=seconds)
        return json.dumps(answer, separators=(",", ":"))

    def domain_agent_set_response_timeout(self, dom: DomainHandle, timeout: int, flags: int) -> int:
        """`virDomainAgentSetResponseTimeout`: -2 for as long as it takes, -1 for the usual time, or seconds."""
        self._check_flags(flags, 0, "DomainAgentSetResponseTimeout")
        seconds_of(timeout)
        found = self._find(dom)
        with found.locked() as state:
            state.agent_timeout = timeout
            state.status_version += 1
        self._keep_status(found)
        return 0

    def domain_pm_suspend_for_duration(self, dom: DomainHandle, target: int, duration: int, flags: int) -> None:
        """`virDomainPMSuspendForDuration`"""
        self._check_flags(flags, 0, "DomainPMSuspendForDuration")
        if duration:
            raise VirtError(ErrorCode.ARGUMENT_UNSUPPORTED, "Duration not supported. Use 0 for now")
        if target >= len(SUSPENDS):
            raise VirtError(ErrorCode.INVALID_ARG, f"Unknown suspend target: {target}")
        with self._reading(dom) as state:
            reachable(state)
            power = state.definition.pm
        with self._talking(dom, JobKind.QUERY) as monitor:
            wakes = (monitor.tries("query-current-machine") or {}).get("wakeup-suspend-support", False)
        if not wakes:
            raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, "Domain does not have suspend support")
        for depth, targets in (("mem", (0, 2)), ("disk", (1,))):
            if power is not None and power.value(f"suspend-to-{depth}", "enabled") == "no" and target in targets:
                number = {"mem": 3, "disk": 4}[depth]
                raise VirtError(ErrorCode.INTERNAL_ERROR, f"S{number} state is disabled for this domain")
        with self._agent(dom, JobKind.AGENT_MODIFY) as talk:

            def asleep() -> bool:
                with talk.found.locked() as state:
                    return state.run is not talk.run or state.state in (State.PMSUSPENDED, State.SHUTDOWN)

            talk.agent.execute(SUSPENDS[target], until=asleep)

    def domain_get_time(self, dom: DomainHandle, flags: int) -> tuple[int, int]:
        """`virDomainGetTime`: seconds since 1970 by the guest's clock, and nanoseconds."""
        self._check_flags(flags, 0, "DomainGetTime")
        with self._agent(dom, JobKind.AGENT_QUERY) as talk:
            told = talk.agent.execute("guest-get-time")
        if not isinstance(told, int):
            raise VirtError(ErrorCode.INTERNAL_ERROR, "malformed return value")
        return divmod(told, NANO)

    def domain_set_time(self, dom: DomainHandle, seconds: int, nseconds: int, flags: int) -> None:
        """`virDomainSetTime`: by the given time, or by the guest's real-time clock."""
        self._check_flags(flags, TIME_SYNC, "DomainSetTime")
        with self._agent(dom, JobKind.AGENT_MODIFY) as talk:
            if flags & TIME_SYNC:
                talk.agent.execute("guest-set-time")
            elif seconds > SECONDS_MAX:
                raise VirtError(ErrorCode.INVALID_ARG, f"Time '{seconds}' is too big for guest agent")
            else:
                talk.agent.execute("guest-set-time", {"time": seconds * NANO + nseconds})
        with self._talking(dom, JobKind.MODIFY) as monitor:
            monitor.ask("rtc-reset-reinjection")
