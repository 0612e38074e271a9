"""A conversation with an agent: it begins in step, and ends in time whatever the agent does."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from scripted import HANGS_UP

from daemons import eventually
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import LockManager
from virtloom_qemu.agent import Agent, AgentLine, AgentRefused, Unresponsive
from virtloom_qemu.agent.client import FOREVER, WAIT, seconds_of

Speaking = Callable[..., Any]
PING: dict[str, Any] = {"guest-ping": {}, "guest-get-time": 1_500_000_000_000_000_007}


def test_questions_are_answered_one_after_the_other(speaking: Speaking) -> None:
    peer, agent = speaking(PING)
    with agent:
        assert agent.execute("guest-ping") == {}
        assert agent.execute("guest-get-time") == 1_500_000_000_000_000_007
    assert peer.heard == ["guest-ping", "guest-get-time"]


def test_what_was_meant_for_somebody_else_is_thrown_away(speaking: Speaking) -> None:
    peer, agent = speaking(PING)
    peer.leftovers = b'{"return": {"of": "another"}}\n\xff{"return": 1}\n'
    with agent:
        assert agent.execute("guest-ping") == {}


def test_a_refusal_is_told_in_the_agents_words(speaking: Speaking) -> None:
    _, agent = speaking({"guest-fsfreeze-freeze": ValueError("GenericError", "not now")})
    with agent:
        with pytest.raises(AgentRefused, match="unable to execute QEMU agent command 'guest-fsfreeze-freeze': not now"):
            agent.execute("guest-fsfreeze-freeze")
        with pytest.raises(AgentRefused) as caught:
            agent.execute("guest-nothing")
    assert caught.value.unknown


@pytest.mark.parametrize("nonsense", [b"no json", b"[1]", b'{"neither": 1}'])
def test_nonsense_is_an_error_and_nothing_worse(speaking: Speaking, nonsense: bytes) -> None:
    _, agent = speaking({"guest-ping": nonsense})
    with agent, pytest.raises(VirtError) as caught:
        agent.execute("guest-ping")
    assert caught.value.code is ErrorCode.INTERNAL_ERROR


def test_a_silent_agent_costs_no_more_than_the_deadline(speaking: Speaking) -> None:
    peer, agent = speaking(PING, timeout=0.3)
    peer.awake.clear()
    with agent, pytest.raises(Unresponsive, match="Guest agent not available for now"):
        agent.execute("guest-ping")


def test_an_agent_that_goes_is_noticed(speaking: Speaking, scratch: Path, locks: LockManager) -> None:
    _, agent = speaking({"guest-ping": HANGS_UP})
    with agent, pytest.raises(Unresponsive, match="disappeared while executing command"):
        agent.execute("guest-ping")
    with Agent(AgentLine(locks), scratch / "nobody") as nobody, pytest.raises(Unresponsive, match="not connected"):
        nobody.execute("guest-ping")


def test_a_command_that_ends_the_guest_needs_no_answer(speaking: Speaking) -> None:
    _, agent = speaking({"guest-shutdown": HANGS_UP})
    with agent:
        assert agent.execute("guest-shutdown", until=lambda: True) is None


def test_timeouts_have_libvirts_numbers() -> None:
    assert [seconds_of(number) for number in (-2, -1, 0, 7)] == [FOREVER, WAIT, 0.0, 7.0]
    with pytest.raises(VirtError, match="guest agent timeout '-3' is less than the minimum '-2'"):
        seconds_of(-3)


def test_the_agent_that_debian_has_is_understood(scratch: Path, needs_qemu_ga: str, locks: LockManager) -> None:
    path, line = scratch / "ga", AgentLine(locks)
    words = ["-m", "unix-listen", "-p", str(path), "-t", str(scratch)]
    process = subprocess.Popen([needs_qemu_ga, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        eventually(path.exists, "the agent to listen")
        with Agent(line, path, 20.0) as agent:
            assert agent.execute("guest-ping") == {}
            assert any(one["name"] == "guest-sync" for one in agent.execute("guest-info")["supported_commands"])
            with pytest.raises(AgentRefused):
                agent.execute("guest-no-such-thing")
    finally:
        line.end()
        process.kill()
        process.wait(20)
