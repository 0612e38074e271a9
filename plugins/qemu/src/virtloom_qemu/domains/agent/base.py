"""A conversation with a guest's agent, inside an agent job: a silent agent holds up nobody but those who want it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from virtloom.driver.constants.domain_state import DomainState as State
from virtloom.driver.handles import DomainHandle
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import Guarded, JobKind
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.agent import Agent, Unresponsive
from virtloom_qemu.agent.channel import CONNECTED, agent_channel, socket_of
from virtloom_qemu.agent.client import seconds_of
from virtloom_qemu.domains.base import DomainsBase
from virtloom_qemu.domains.definitions import invalid
from virtloom_qemu.runs.state import QemuDomain, Run


class Conversation(NamedTuple):
    """What a call has of a guest while it speaks to its agent.

    :ivar live: the definition when the conversation began.
    """

    found: Guarded[QemuDomain]
    agent: Agent
    run: Run
    live: Domain


class AgentTalk(DomainsBase):
    """How a call reaches an agent."""

    @contextmanager
    def _agent(self, dom: DomainHandle, kind: JobKind) -> Iterator[Conversation]:
        """A conversation with the agent of a guest that runs; nothing is sent before the first question.

        :param kind: AGENT_QUERY or AGENT_MODIFY.
        :raises VirtError: see `reachable`.
        """
        found = self._find(dom)
        with found.job(kind):
            with found.locked() as state:
                path = reachable(state)
                run, live, timeout = state.run, state.definition, state.agent_timeout
            assert run is not None
            waiting = partial(self.host.waiting, "the guest's agent")
            with Agent(run.agent, path, seconds_of(timeout), waiting) as agent:
                yield Conversation(found, agent, run, live)


def reachable(state: QemuDomain) -> Path:
    """The socket of a guest's agent (`qemuDomainAgentAvailable`).

    :raises VirtError: OPERATION_INVALID if the guest does not run, ARGUMENT_UNSUPPORTED if it is to have no agent,
        AGENT_UNRESPONSIVE if the agent is not there.
    """
    state.require_active()
    if state.state != State.RUNNING:
        raise invalid("domain is not running")
    channel = agent_channel(state.definition)
    path = None if channel is None else socket_of(channel)
    if channel is None or path is None:
        raise VirtError(ErrorCode.ARGUMENT_UNSUPPORTED, "QEMU guest agent is not configured")
    if channel.target is None or channel.target.state != CONNECTED:
        raise Unresponsive("QEMU guest agent is not connected")
    return path


def has_agent(state: QemuDomain) -> bool:
    """Whether a guest's agent is there to be asked."""
    try:
        reachable(state)
    except VirtError:
        return False
    return True
