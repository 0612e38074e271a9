"""What is asked of a guest's power button and reset line."""

from __future__ import annotations

from typing import NamedTuple

from virtloom.driver.constants.domain import DomainLifecycle as Lifecycle
from virtloom.driver.constants.domain import DomainLifecycleAction as Action
from virtloom.driver.constants.domain import DomainModificationImpact as Impact
from virtloom.driver.constants.domain import DomainRebootFlag, DomainShutdownFlag
from virtloom.driver.constants.domain_state import DomainPausedReason as Paused
from virtloom.driver.constants.domain_state import DomainState
from virtloom.driver.handles import DomainHandle
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.locks import JobKind, LockError
from virtloom_qemu.definition.checks.machine import refuse_actions
from virtloom_qemu.domains.agent.base import AgentTalk, has_agent
from virtloom_qemu.domains.definitions import invalid
from virtloom_qemu.domains.life import Life

LIFECYCLES = {Lifecycle.POWEROFF: "on_poweroff", Lifecycle.REBOOT: "on_reboot", Lifecycle.CRASH: "on_crash"}
ACTIONS = {
    Action.DESTROY: "destroy",
    Action.RESTART: "restart",
    Action.RESTART_RENAME: "rename-restart",
    Action.PRESERVE: "preserve",
    Action.COREDUMP_DESTROY: "coredump-destroy",
    Action.COREDUMP_RESTART: "coredump-restart",
}


REBOOTS = {"destroy": "shutdown", "restart": "reset"}  # what QEMU is told to make of a reboot
GO_WITHIN = 60.0  # seconds for an agent that does not answer to have shut the guest down


class Ways(NamedTuple):
    """How a guest may be told to go; none named is any.

    :ivar agent: acpi: whether the way was named.
    """

    agent: bool
    acpi: bool

    @classmethod
    def of(cls, flags: int, agent: int, acpi: int) -> Ways:
        """The ways that flags name."""
        return cls(bool(flags & agent), bool(flags & acpi))

    @property
    def any(self) -> bool:
        """Whether none was named."""
        return not self.agent and not self.acpi


class Power(Life, AgentTalk):
    """The calls for power and reset."""

    def domain_shutdown_flags(self, dom: DomainHandle, flags: int) -> None:
        """`virDomainShutdownFlags`: by its agent if it has one, else by the power button."""
        known = DomainShutdownFlag
        self._check_flags(flags, known.ACPI_POWER_BTN | known.GUEST_AGENT, "DomainShutdownFlags")
        with self._reading(dom) as state:
            state.require_active()
            again = state.definition.on_poweroff == "restart"
        ways = Ways.of(flags, known.GUEST_AGENT, known.ACPI_POWER_BTN)
        self._tell_to_go(dom, ways, reboot=again, only_running=True)

    def domain_reboot(self, dom: DomainHandle, flags: int) -> None:
        """`virDomainReboot`: the guest shuts down and is started again."""
        known = DomainRebootFlag
        self._check_flags(flags, known.ACPI_POWER_BTN | known.GUEST_AGENT, "DomainReboot")
        with self._reading(dom) as state:
            state.require_active()
            again = state.definition.on_reboot not in ("destroy", "preserve")
        ways = Ways.of(flags, known.GUEST_AGENT, known.ACPI_POWER_BTN)
        self._tell_to_go(dom, ways, reboot=again, only_running=False)

    def _tell_to_go(self, dom: DomainHandle, ways: Ways, *, reboot: bool, only_running: bool) -> None:
        """Have a guest shut down or reboot, by the first way that it takes."""
        with self._reading(dom) as state:
            use_agent = ways.agent or (ways.any and has_agent(state))
        if use_agent:
            try:
                self._ask_agent_to_go(dom, reboot=reboot)
            except (VirtError, LockError):
                if ways.agent and not ways.acpi:
                    raise
            else:
                return
        self._press_power(dom, reboot=reboot, only_running=only_running)

    def _ask_agent_to_go(self, dom: DomainHandle, *, reboot: bool) -> None:
        """Have the agent shut the guest down or reboot it (`qemuAgentShutdown`)."""
        with self._agent(dom, JobKind.AGENT_MODIFY) as talk:
            with talk.found.locked() as state:
                state.fake_reboot = False
                state.status_version += 1
                resets = state.resets

            def gone() -> bool:
                with talk.found.locked() as state:
                    return state.run is not talk.run or state.state == DomainState.SHUTDOWN or state.resets > resets

            mode = "reboot" if reboot else "powerdown"
            talk.agent.execute("guest-shutdown", {"mode": mode}, timeout=GO_WITHIN, until=gone)

    def _press_power(self, dom: DomainHandle, *, reboot: bool, only_running: bool) -> None:
        with self._talking(dom, JobKind.MODIFY) as talk:
            with talk.found.locked() as state:
                if only_running and state.state != DomainState.RUNNING:
                    raise invalid("domain is not running")
                state.fake_reboot = reboot
                state.status_version += 1
            talk.ask("system_powerdown")
        self._keep_status(talk.found)

    def domain_reset(self, dom: DomainHandle, flags: int) -> None:
        """`virDomainReset`"""
        self._check_flags(flags, 0, "DomainReset")
        with self._talking(dom, JobKind.MODIFY) as talk:
            talk.ask("system_reset")
            with talk.state() as state:
                state.fake_reboot = False
                if state.state == DomainState.CRASHED:
                    state.state, state.reason = DomainState.PAUSED, Paused.CRASHED
                state.status_version += 1
        self._keep_status(talk.found)

    def domain_inject_nmi(self, dom: DomainHandle, flags: int) -> None:
        """`virDomainInjectNMI`"""
        self._check_flags(flags, 0, "DomainInjectNMI")
        with self._talking(dom, JobKind.MODIFY) as talk:
            talk.ask("inject-nmi")

    def domain_pm_wakeup(self, dom: DomainHandle, flags: int) -> None:
        """`virDomainPMWakeup`"""
        self._check_flags(flags, 0, "DomainPMWakeup")
        with self._talking(dom, JobKind.MODIFY) as talk:
            talk.ask("system_wakeup")

    def domain_set_lifecycle_action(self, dom: DomainHandle, type: int, action: int, flags: int) -> None:
        """`virDomainSetLifecycleAction`"""
        self._check_flags(flags, Impact.LIVE | Impact.CONFIG, "DomainSetLifecycleAction")
        field, word = LIFECYCLES.get(type), ACTIONS.get(action)
        if field is None or word is None:
            raise VirtError(ErrorCode.INVALID_ARG, f"invalid lifecycle type '{type}' or action '{action}'")
        if field != "on_crash" and word.startswith("coredump"):
            detail = f"Lifecycle event '{field.removeprefix('on_')}' doesn't support '{word}' action"
            raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.DOMAIN)
        with self._altering(dom, flags) as change:
            for definition in (change.live, change.config):
                if definition is not None:
                    changed = definition.replace(**{field: word})
                    refuse_actions(changed.on_poweroff or "", changed.on_reboot or "", changed.on_crash or "")
            if change.live is not None:
                if field == "on_reboot" and word in REBOOTS and change.live.on_reboot != word:
                    change.talk.ask("set-action", reboot=REBOOTS[word])
                change.live = change.live.replace(**{field: word})
            if change.config is not None:
                change.config = change.config.replace(**{field: word})
