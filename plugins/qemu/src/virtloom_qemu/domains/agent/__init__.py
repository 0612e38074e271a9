"""The calls that a guest's agent answers."""

from __future__ import annotations

from virtloom_qemu.domains.agent.commands import AgentCommands
from virtloom_qemu.domains.agent.filesystems import FileSystems
from virtloom_qemu.domains.agent.identity import Identity
from virtloom_qemu.domains.agent.information import Information
from virtloom_qemu.domains.agent.processors import GuestProcessors


class GuestAgent(AgentCommands, FileSystems, Identity, Information, GuestProcessors):
    """All calls that an agent answers."""
