"""The program inside a guest that does what QEMU cannot (qemu-ga): spoken to in short conversations, not trusted."""

from virtloom_qemu.agent.client import Agent
from virtloom_qemu.agent.errors import AgentRefused, Unresponsive
from virtloom_qemu.agent.line import AgentLine

__all__ = ["Agent", "AgentLine", "AgentRefused", "Unresponsive"]
