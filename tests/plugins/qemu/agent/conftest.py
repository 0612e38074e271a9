"""Tests of conversations with agents."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from scripted import ScriptedAgent

from daemons import needs
from virtloom.locks import LockManager
from virtloom_qemu.agent import Agent, AgentLine


@pytest.fixture
def speaking(scratch: Path, locks: LockManager) -> Iterator[Callable[..., tuple[ScriptedAgent, Agent]]]:
    """Makes an agent with some answers, and a conversation with it that has not begun."""
    made: list[tuple[ScriptedAgent, AgentLine]] = []

    def make(answers: dict[str, Any], timeout: float = 20.0) -> tuple[ScriptedAgent, Agent]:
        path = scratch / f"agent-{len(made)}"
        made.append((ScriptedAgent(path, answers), AgentLine(locks)))
        return made[-1][0], Agent(made[-1][1], path, timeout)

    yield make
    for peer, line in made:
        line.end()
        peer.close()


@pytest.fixture
def needs_qemu_ga() -> str:
    """The path of qemu-ga."""
    return needs("qemu-ga", "qemu-guest-agent")
