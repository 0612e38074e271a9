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
        (["call", "domain_lookup_by_nam", "{}"], "there is no procedure 'domain_lookup_by_nam'"),
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
