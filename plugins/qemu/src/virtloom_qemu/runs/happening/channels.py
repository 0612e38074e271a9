"""What follows when a guest opens or closes its end of a channel: the definition says so, and so does an event."""

from __future__ import annotations

from virtloom.driver.constants.domain_event import ConnectDomainEventAgentLifecycleReason as Why
from virtloom.driver.constants.domain_event import ConnectDomainEventAgentLifecycleState as Told
from virtloom.driver.constants.domain_event import DomainEventID
from virtloom.locks import Guarded
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.agent.channel import CONNECTED, agent_channel, listening_at, with_state
from virtloom_qemu.monitor import MonitorEvent
from virtloom_qemu.runs.phases.ending import Ending
from virtloom_qemu.runs.state import QemuDomain, Run


class ChannelEvents(Ending):
    """Dealing with channels."""

    def _on_port(self, found: Guarded[QemuDomain], run: Run, event: MonitorEvent) -> None:
        alias, opened = str(event.data.get("id")), bool(event.data.get("open"))
        with found.locked() as state:
            if state.run is not run:
                return
            before = agent_channel(state.definition)
            state.definition = live = with_state(state.definition, alias, opened)
            state.status_version += 1
            if agent_channel(state.definition) != before:
                self._tell_of_agent(state, Why.CHANNEL)
            found.publish(state.view())
        self._keep_status(found)
        self._listen_to_agent(run, live)

    @staticmethod
    def _listen_to_agent(run: Run, live: Domain) -> None:
        """Be there for the agent that a guest has; with no lock held."""
        path = listening_at(live)
        if path is not None:
            run.agent.open(path)

    def _tell_of_agent(self, state: QemuDomain, reason: int) -> None:
        """Tell whether a guest's agent is there, if it is to have one; under the domain's lock."""
        channel = agent_channel(state.definition)
        if channel is None or channel.target is None or channel.target.state is None:
            return
        told = Told.CONNECTED if channel.target.state == CONNECTED else Told.DISCONNECTED
        self._emit(DomainEventID.AGENT_LIFECYCLE, state.handle, (told, reason))
