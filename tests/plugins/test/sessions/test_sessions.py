"""Real clients' sessions with a daemon are recorded, and said again without one."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path
from typing import Any

import pytest

from daemons import BIN, READY_WITHIN, Virsh, eventually
from virtloom.client import ConnectionLost, connect
from virtloom_testing.sessions import Proxy, Replay, read_session

PROGRAM = str(BIN / "virtloom-test")


def tool(*words: str, **more: Any) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LC_ALL": "C"}
    return subprocess.run([PROGRAM, *words], env=environment, capture_output=True, text=True, timeout=READY_WITHIN)


def session_of_virsh(uri: str, out: Path) -> list[str]:
    """A guest's life, a refusal, an upload, a download: what virsh said of it."""
    virsh = Virsh(uri)
    out.with_suffix(".in").write_bytes(b"abc" * 1000)
    said = [virsh("list", "--all"), virsh("destroy", "test"), virsh("domstate", "test", "--reason")]
    said += [virsh("start", "test"), virsh.fails("start", "test"), virsh("dumpxml", "test")]
    said += [virsh("vol-create-as", "default-pool", "v", "4096")]
    said += [virsh("vol-upload", "v", str(out.with_suffix(".in")), "default-pool")]
    said += [virsh("vol-download", "v", str(out), "default-pool", "--length", "3000")]
    return said


def test_virsh_hears_from_a_replay_what_it_heard_from_the_daemon(played: Any, tmp_path: Path) -> None:
    file = tmp_path / "session.toml"
    with Proxy(played.daemon.uri(), file) as proxy:
        heard = session_of_virsh(proxy.uri, tmp_path / "first")
    with Replay(file) as replay:
        assert session_of_virsh(replay.uri, tmp_path / "second") == heard
    assert replay.differences == ""
    assert (tmp_path / "second").read_bytes() == (tmp_path / "first").read_bytes() == b"abc" * 1000


def test_a_session_is_edited_and_asked_otherwise(played: Any, tmp_path: Path) -> None:
    file = tmp_path / "session.toml"
    asked = ["--", "virsh", "domid", "test"]
    assert tool("proxy", "--to", played.daemon.uri(), "-o", str(file), *asked).stdout.strip() == "1"
    file.write_text(file.read_text().replace("id = 1", "id = 77"))
    again = tool("replay", str(file), *asked)
    assert (again.returncode, again.stdout.strip()) == (0, "77")
    other = tool("replay", str(file), "--", "virsh", "domid", "tset")
    assert other.returncode == 1
    assert "! domain_lookup_by_name(name='tset')\n    name: 'test' -> 'tset'" in other.stdout
    missing = tool("replay", str(file), "--", "virsh", "uri")
    assert missing.returncode == 3, "virsh ended well, but the session is another"
    assert "- domain_lookup_by_name(name='test')" in missing.stdout
    assert tool("replay", str(file), "--loose", "--", "virsh", "uri").returncode == 0


def test_sessions_with_two_daemons_are_compared(played: Any, tmp_path: Path) -> None:
    for number in (1, 2):
        uri = played.daemon.uri(path=f"/host/{number}")
        if number == 2:
            played.virsh("/host/2")("setvcpus", "test", "1")
        tool("proxy", "--to", uri, "-o", str(tmp_path / f"{number}"), "--", "virsh", "dominfo", "test")
    differ = tool("diff", str(tmp_path / "1"), str(tmp_path / "2"), "--answers")
    assert differ.returncode == 3
    assert "    name: 'test:///host/1' -> 'test:///host/2'" in differ.stdout
    assert "    -> nrVirtCpu: 2 -> 1" in differ.stdout


CLIENT = textwrap.dedent("""
    import libvirt, sys, threading
    libvirt.virEventRegisterDefaultImpl()
    libvirt.virEventAddTimeout(50, lambda timer, opaque: None, None)
    seen = []
    connection = libvirt.open(sys.argv[1])
    def told(conn, dom, event, detail, opaque):
        seen.append((dom.name(), event, detail))
    connection.domainEventRegisterAny(None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, told, None)
    domain = connection.lookupByName("test")
    for do in (domain.suspend, domain.resume, domain.destroy, domain.create):
        do()
    while len(seen) < 4:
        libvirt.virEventRunDefaultImpl()
    print(seen)
""")


def client(uri: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-c", CLIENT, uri], capture_output=True, text=True, timeout=READY_WITHIN, check=True
    )
    return ran.stdout


def test_events_come_again_to_libvirts_binding(played: Any, tmp_path: Path) -> None:
    pytest.importorskip("libvirt")
    file = tmp_path / "session.toml"
    with Proxy(played.daemon.uri(), file) as proxy:
        heard = client(proxy.uri)
    assert heard.count("'test'") == 4
    with Replay(file) as replay:
        assert client(replay.uri) == heard
    assert replay.differences == ""


def test_an_answer_that_waited_for_another_call_waits_for_it_again(played: Any, tmp_path: Path) -> None:
    file = tmp_path / "session.toml"
    played.fault("hang", call="domain_suspend", name="held")

    def suspended_beside(uri: str, let_go: Any) -> None:
        with connect(uri) as connection:
            domain = connection.domain_lookup_by_name("test").dom
            program, procedure = connection.find("domain_suspend")
            waiting = connection.transport.begin(program, procedure, (domain,))
            other, ping = connection.find("domain_abort_job")
            beside = connection.transport.begin(other, ping, (domain,))
            let_go()
            assert waiting.next(READY_WITHIN).frame.header.status == 0
            assert beside.next(READY_WITHIN).frame.header.serial == beside.header.serial

    def release() -> None:
        eventually(lambda: played.hits("held") == 1, "the call to be held")
        played.release("held")

    with Proxy(played.daemon.uri(), file) as proxy:
        suspended_beside(proxy.uri, release)
    suspended = next(call for call in read_session(file) if call.name == "domain_suspend")
    assert suspended.held == 1
    with Replay(file) as replay:
        suspended_beside(replay.uri, lambda: None)
    assert replay.differences == ""


def test_a_connection_that_the_daemon_closed_closes_again(played: Any, tmp_path: Path) -> None:
    file = tmp_path / "session.toml"
    played.fault("close", call="domain_destroy*")
    with Proxy(played.daemon.uri(), file) as proxy:
        assert "error" in Virsh(proxy.uri).fails("destroy", "test")
    assert any(call.lost for call in read_session(file))
    with Replay(file) as replay, connect(replay.uri) as connection, pytest.raises(ConnectionLost):
        connection.domain_destroy(connection.domain_lookup_by_name("test").dom)


def test_a_proxy_whose_daemon_is_gone_hangs_nobody(tmp_path: Path) -> None:
    with (
        Proxy("test+unix:///default?socket=/nowhere/sock", tmp_path / "s.toml") as proxy,
        pytest.raises(ConnectionLost),
    ):
        connect(proxy.uri)
    assert tomllib.loads((tmp_path / "s.toml").read_text()) == {"call": []}


def test_what_is_no_protocol_ends_that_connection_alone(played: Any, tmp_path: Path) -> None:
    with Proxy(played.daemon.uri(), tmp_path / "s.toml") as proxy:
        with socket.socket(socket.AF_UNIX) as rude:
            rude.connect(proxy.uri.partition("socket=")[2])
            rude.sendall(b"\0\0\0\1GET / HTTP/1.0\r\n\r\n")
            rude.settimeout(READY_WITHIN)
            assert rude.recv(100) == b""
        assert Virsh(proxy.uri)("domstate", "test") == "running"


EXAMPLE = """
import libvirt

def test_a_tool(virtloom_session):
    with virtloom_session("tool.toml") as uri:
        connection = libvirt.open(uri)
        assert connection.lookupByName({name!r}).isActive()
        connection.close()
"""


def test_a_fixture_records_once_and_replays_ever_after(played: Any, tmp_path: Path) -> None:
    pytest.importorskip("libvirt")

    def run(name: str, *options: str) -> str:
        (tmp_path / "test_tool.py").write_text(EXAMPLE.format(name=name))
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_tool.py", *options]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=2 * READY_WITHIN).stdout

    assert "1 passed" in run("test", "--virtloom-record", played.daemon.uri())
    assert "1 passed" in run("test")
    assert "no such call here: domain_lookup_by_name(name='other')" in run("other")
