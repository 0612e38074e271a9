"""`virtloom`, as a person uses it: answers on stdout, mistakes explained on stderr."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from daemons import BIN, Daemon
from virtloom.client import connect


def virtloom(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [str(BIN / "virtloom"), "--root", str(root), "--connect", "test:///default", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=30)


def test_it_lists_domains_drivers_and_status(daemon: Daemon) -> None:
    assert "test" in virtloom(daemon.root, "list", "--all").stdout
    (driver,) = [row for row in json.loads(virtloom(daemon.root, "drivers", "--json").stdout) if row["name"] == "test"]
    assert driver["running"]
    assert {"domain_create", "network_create", "storage_vol_delete"} <= set(driver["supports"])
    status = json.loads(virtloom(daemon.root, "status", "--json").stdout)
    assert status["pid"] == daemon.process.pid
    assert status["checking"] == "enforce"
    assert daemon.uri() in virtloom(daemon.root, "uri").stdout.split()


def test_any_procedure_can_be_called(daemon: Daemon) -> None:
    found = json.loads(virtloom(daemon.root, "call", "domain_lookup_by_name", '{"name": "test"}').stdout)
    assert found["dom"]["uuid"] == "6695eb01-f6a4-8304-79aa-97f2502e193f"
    info = json.loads(virtloom(daemon.root, "call", "domain_get_info", json.dumps({"dom": found["dom"]})).stdout)
    assert info["maxMem"] == 8388608


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["call", "domain_lookup_by_nam", "{}"], "'domain_lookup_by_nam'; did you mean domain_lookup_by_name?"),
        (["call", "domain_lookup_by_name", "{}"], 'takes an object with "name"'),
        (["call", "domain_lookup_by_name", "{"], "the arguments are no JSON"),
        (["call", "domain_lookup_by_name", '{"name": "nobody"}'], "Domain not found"),
        (["-c", "vbox:///session", "list"], "no connection driver available"),
    ],
)
def test_a_mistake_is_explained(daemon: Daemon, words: list[str], told: str) -> None:
    finished = virtloom(daemon.root, *words)
    assert finished.returncode == 1
    assert told in finished.stderr
    assert "Traceback" not in finished.stderr


@pytest.mark.parametrize(
    ("command", "socket", "told"),
    [
        ("status", "virtloom-sock", "--socket takes the administration socket"),
        ("list", "virtloom-admin-sock", "--socket takes the daemon's socket"),
    ],
)
def test_the_other_socket_is_told_apart(daemon: Daemon, command: str, socket: str, told: str) -> None:
    finished = virtloom(daemon.root, "--socket", str(daemon.root / "run" / socket), command)
    assert finished.returncode == 1
    assert told in finished.stderr


def test_without_a_daemon_it_says_where_it_looked(scratch: Path) -> None:
    finished = virtloom(scratch, "list")
    assert finished.returncode == 1
    assert f"no daemon answers at {scratch}/run/virtloom-sock" in finished.stderr


def test_events_can_be_asked_for_after_they_were_missed(daemon: Daemon) -> None:
    virtloom(daemon.root, "call", "domain_lookup_by_name", '{"name": "test"}')
    with connect(daemon.uri()) as connection:
        dom = connection.domain_lookup_by_name("test").dom
        connection.domain_suspend(dom)
        connection.domain_resume(dom)
    found = json.loads(virtloom(daemon.root, "events", "--json").stdout)
    seen = [(e["event"], e["msg"]["dom"]["name"], e["msg"]["event"]) for e in found["events"] if "msg" in e]
    assert seen[-2:] == [("domain_event_callback_lifecycle", "test", number) for number in (3, 4)]
    assert found["complete"]
    before = str(found["events"][-2]["sequence"])
    assert len(json.loads(virtloom(daemon.root, "events", "--since", before, "--json").stdout)["events"]) == 1
    assert "domain_event_callback_lifecycle" in virtloom(daemon.root, "events").stdout
    assert "--since takes the number of an event" in virtloom(daemon.root, "events", "--since", "-3").stderr


def test_the_configuration_is_written_shown_checked_and_changed(scratch: Path) -> None:
    assert "wrote" in virtloom(scratch, "config", "init").stdout
    assert "there is one already" in virtloom(scratch, "config", "init").stderr
    assert "good" in virtloom(scratch, "config", "check").stdout
    assert "server.max_workers = 7" in virtloom(scratch, "config", "set", "server.max_workers", "7").stdout
    assert "server.max_workers" in virtloom(scratch, "config", "show").stdout
    refused = virtloom(scratch, "config", "set", "server.max_worker", "7")
    assert "did you mean max_workers?" in refused.stderr
    assert "good" in virtloom(scratch, "config", "check").stdout


def test_the_sections_of_drivers_are_shown_checked_and_changed(scratch: Path) -> None:
    changed = virtloom(scratch, "config", "set", "driver.test.clock_rate", "2")
    assert "driver.test.clock_rate = 2" in changed.stdout
    shown = virtloom(scratch, "config", "show").stdout
    assert next(line.split()[:3] for line in shown.splitlines() if "driver.test.clock_rate" in line) == [
        "driver.test.clock_rate", "2.0", "file",
    ]  # fmt: skip
    for key, told in (
        ("driver.test.clock_rat", "the key driver.test.clock_rat is not known; did you mean clock_rate?"),
        ("driver.tst.clock", "[driver.tst] is for a driver that is not installed; did you mean [driver.test]?"),
        ("max_workers", "the key max_workers is in no section; did you mean server.max_workers?"),
    ):
        assert told in virtloom(scratch, "config", "set", key, "1").stderr
    (scratch / "etc/virtloomd.toml").write_text("[driver.test]\nclok = 1\n[driver.moon]\n")
    refused = virtloom(scratch, "config", "check")
    assert "virtloomd.toml:2: the key driver.test.clok is not known; did you mean clock?" in refused.stderr
    assert refused.returncode == 1
    (scratch / "etc/virtloomd.toml").write_text("[driver.moon]\n")
    good = virtloom(scratch, "config", "check")
    assert "install it (pip install virtloom-moon), or remove it" in good.stdout
    assert good.returncode == 0


def test_who_reads_no_further_is_not_told_of_it(scratch: Path) -> None:
    command = [str(BIN / "virtloom"), "--root", str(scratch), "config", "show"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""
