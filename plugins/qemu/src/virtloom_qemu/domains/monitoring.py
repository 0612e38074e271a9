"""The monitor, spoken to by clients directly; and what such a thing taints a guest with."""

from __future__ import annotations

import json

from virtloom.driver import context
from virtloom.driver.constants.domain import DomainMessageType, DomainQemuMonitorCommandFlags
from virtloom.driver.handles import DomainHandle
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import JobKind
from virtloom_qemu.domains.base import DomainsBase
from virtloom_qemu.domains.client_message import client_message
from virtloom_qemu.runs.happening.taints import MESSAGES, Taint

HMP = DomainQemuMonitorCommandFlags.HMP


class Monitoring(DomainsBase):
    """The calls that reach the monitor as they are."""

    def domain_monitor_command(self, dom: DomainHandle, cmd: str, flags: int) -> str:
        """`virDomainQemuMonitorCommand`: the whole answer as JSON, or what the human monitor printed."""
        self._check_flags(flags, HMP, "DomainQemuMonitorCommandWithFiles")
        return self._monitor_command(dom, cmd, flags, ())

    def domain_monitor_command_with_files(self, dom: DomainHandle, cmd: str, flags: int) -> str:
        """`virDomainQemuMonitorCommandWithFiles`"""
        self._check_flags(flags, HMP, "DomainQemuMonitorCommandWithFiles")
        fds = tuple(context.current().fds)
        if len(fds) > 1:
            detail = "at most 1 fd can be passed to qemu along with a command"
            raise VirtError(ErrorCode.INVALID_ARG, detail)
        return self._monitor_command(dom, cmd, flags, fds)

    def _monitor_command(self, dom: DomainHandle, cmd: str, flags: int, fds: tuple[int, ...]) -> str:
        with self._talking(dom, JobKind.QUERY) as talk:
            with talk.state() as state:
                state.tainted = state.tainted | {Taint.CUSTOM_MONITOR}
            if flags & HMP:
                return talk.human(cmd)
            message = client_message(cmd)
            answer = talk.monitor.roundtrip(message, fds=fds)
        return json.dumps(answer, separators=(",", ":"))

    def domain_get_messages(self, dom: DomainHandle, flags: int) -> list[str]:
        """`virDomainGetMessages`: what is not supported about a guest as it runs."""
        known = DomainMessageType.DEPRECATION | DomainMessageType.TAINTING
        self._check_flags(flags, known, "DomainGetMessages")
        with self._reading(dom) as state:
            tainted = state.tainted
        if flags and not flags & DomainMessageType.TAINTING:
            return []
        return [f"tainted: {MESSAGES[number]}" for number in sorted(tainted)]
