"""The connection to an agent outlives its conversations, and ends with the run whatever is going on."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from scripted import HANGS_UP, ScriptedAgent

from daemons import eventually
from virtloom.locks import LockManager
from virtloom_qemu.agent import Agent, AgentLine, Unresponsive
from virtloom_qemu.agent.line import connected

NUMBERS: dict[str, Any] = {"guest-get-time": 1, "guest-ping": {}}


@pytest.fixture
def path(scratch: Path) -> Path:
    return scratch / "agent"


@pytest.fixture
def peer(path: Path) -> Any:
    made = ScriptedAgent(path, NUMBERS)
    yield made
    made.close()


@pytest.fixture
def line(locks: LockManager) -> Any:
    made = AgentLine(locks)
    yield made
    made.end()


def test_conversations_share_one_connection(peer: ScriptedAgent, line: AgentLine, path: Path) -> None:
    for _ in range(3):
        with Agent(line, path, 20.0) as agent:
            assert agent.execute("guest-ping") == {}
    assert peer.conversed == 1


def test_an_agent_that_was_given_up_may_answer_late(peer: ScriptedAgent, line: AgentLine, path: Path) -> None:
    """What it says then reaches somebody, and is nobody's answer."""
    peer.awake.clear()
    for _ in range(2):
        with Agent(line, path, 0.2) as agent, pytest.raises(Unresponsive, match="not available for now"):
            agent.execute("guest-get-time")
    peer.awake.set()
    with Agent(line, path, 20.0) as agent:
        assert agent.execute("guest-ping") == {}
    assert peer.conversed == 1


def test_a_question_that_was_given_up_leaves_no_answer_to_the_next(
    peer: ScriptedAgent, line: AgentLine, path: Path
) -> None:
    answered = threading.Event()

    def late(arguments: Any) -> int:
        assert answered.wait(20)
        return 7

    peer.answers["guest-slow"] = late
    with Agent(line, path, 20.0) as agent:
        with pytest.raises(Unresponsive):
            agent.execute("guest-slow", timeout=0.2)
        answered.set()
        assert agent.execute("guest-get-time") == 1


def test_more_than_anybody_would_keep_is_thrown_away(
    peer: ScriptedAgent, line: AgentLine, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("virtloom_qemu.agent.client.ANSWER_MAX", 1 << 16)
    peer.leftovers = b"x" * (1 << 20)
    with Agent(line, path, 20.0) as agent:
        assert agent.execute("guest-ping") == {}


def test_a_connection_that_broke_is_made_anew(peer: ScriptedAgent, line: AgentLine, path: Path) -> None:
    peer.answers["guest-shutdown"] = HANGS_UP
    with Agent(line, path, 20.0) as agent, pytest.raises(Unresponsive, match="disappeared"):
        agent.execute("guest-shutdown")
    with Agent(line, path, 20.0) as agent:
        assert agent.execute("guest-ping") == {}
    assert peer.conversed == 2


def test_the_end_of_a_run_ends_a_conversation(peer: ScriptedAgent, line: AgentLine, path: Path) -> None:
    asked, let_go = threading.Event(), threading.Event()

    def waits(arguments: Any) -> None:
        asked.set()
        let_go.wait(60)

    peer.answers["guest-slow"] = waits

    def converse() -> None:
        with Agent(line, path, 60.0) as agent:
            agent.execute("guest-slow")

    with ThreadPoolExecutor(1) as pool:
        conversing = pool.submit(converse)
        assert asked.wait(20)
        line.end()
        with pytest.raises(Unresponsive, match="disappeared"):
            conversing.result(20)
    let_go.set()
    with Agent(line, path) as agent, pytest.raises(Unresponsive):
        agent.execute("guest-ping")


def test_a_line_is_opened_without_a_word(peer: ScriptedAgent, line: AgentLine, path: Path) -> None:
    line.open(path)
    eventually(lambda: peer.conversed == 1, "the connection")
    assert peer.heard == []
    line.open(path.with_name("nobody"))


def test_the_first_of_two_connections_is_the_one(
    peer: ScriptedAgent, line: AgentLine, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event has the line opened while a conversation connects."""
    really = connected

    def slowly(path: Path) -> Any:
        monkeypatch.setattr("virtloom_qemu.agent.line.connected", really)
        line.open(path)
        return really(path)

    monkeypatch.setattr("virtloom_qemu.agent.line.connected", slowly)
    with Agent(line, path, 20.0) as agent:
        assert agent.execute("guest-ping") == {}
        line.open(path)
        assert agent.execute("guest-ping") == {}


def test_a_line_that_is_opened_in_a_conversation_is_still_the_conversations(
    peer: ScriptedAgent, line: AgentLine, path: Path
) -> None:
    peer.answers["guest-slow"] = HANGS_UP
    with Agent(line, path, 20.0) as agent:
        with pytest.raises(Unresponsive, match="disappeared"):
            agent.execute("guest-slow")
        line.open(path)
        line.end()
        with pytest.raises(Unresponsive):  # and not that of a descriptor that is another's by now
            agent.execute("guest-ping")
