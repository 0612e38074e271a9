"""A daemon's start and stop as an operator sees them."""

from __future__ import annotations

import signal
import socket
import subprocess
from pathlib import Path

import pytest

from daemons import BIN, CONFIG, Daemon, eventually


def run_daemon(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [str(BIN / "virtloomd"), "--root", str(root), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=30)


def test_it_is_ready_when_it_says_so_and_stops_in_order(scratch: Path) -> None:
    daemon = Daemon(scratch)
    for path in (daemon.socket, daemon.readonly_socket, daemon.admin_socket):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
    daemon.stop()
    assert not daemon.socket.exists()
    assert not (scratch / "run" / "virtloomd.pid").exists()


def test_a_second_daemon_on_the_same_places_is_refused(daemon: Daemon) -> None:
    refused = run_daemon(daemon.root)
    assert refused.returncode == 1
    assert f"another virtloomd (process {daemon.process.pid}) uses" in refused.stderr
    assert "another --root" in refused.stderr


def test_a_dead_daemon_is_no_obstacle(scratch: Path) -> None:
    first = Daemon(scratch)
    first.process.kill()
    first.process.wait()
    Daemon(scratch).stop()


def test_a_wrong_configuration_is_told_and_nothing_is_started(scratch: Path) -> None:
    (scratch / "etc").mkdir()
    (scratch / "etc" / "virtloomd.toml").write_text("[server]\nmax_worker = 3\n")
    refused = run_daemon(scratch)
    assert refused.returncode == 78
    assert "did you mean max_workers?" in refused.stderr
    assert not (scratch / "run").exists()


def test_a_reload_takes_what_can_be_changed_and_names_what_cannot(daemon: Daemon) -> None:
    config = daemon.root / "etc" / "virtloomd.toml"
    config.write_text(CONFIG + "[server]\nmax_workers = 33\nunix_sock_dir = '/tmp/x'\n")
    daemon.process.send_signal(signal.SIGHUP)
    eventually(lambda: "server.max_workers" in daemon.log.read_text(), "the reload to be told")
    assert "these need a restart: server.unix_sock_dir" in daemon.log.read_text()


def test_a_reload_of_a_wrong_file_changes_nothing(daemon: Daemon) -> None:
    (daemon.root / "etc" / "virtloomd.toml").write_text("[server]\nmax_worker = 3\n")
    daemon.process.send_signal(signal.SIGHUP)
    eventually(lambda: "left as it is" in daemon.log.read_text(), "the refusal to be told")
    assert daemon.process.poll() is None


def test_libvirts_own_paths_are_served_when_asked_for(scratch: Path) -> None:
    daemon = Daemon(scratch, CONFIG + "[server]\nlibvirt_compat = true\n")
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(scratch / "run" / "libvirt" / "libvirt-sock"))
    daemon.stop()


def test_the_service_manager_is_told(scratch: Path) -> None:
    path = scratch / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(30)
        daemon = Daemon(scratch, env={"NOTIFY_SOCKET": str(path)})
        assert manager.recv(100) == b"READY=1"
        daemon.stop()
        assert manager.recv(100) == b"STOPPING=1"


@pytest.mark.parametrize("name", ["virtloom-sock", "virtloom-sock-ro", "virtloom-admin-sock"])
def test_the_sockets_have_libvirts_permissions(daemon: Daemon, name: str) -> None:
    mode = (daemon.root / "run" / name).stat().st_mode & 0o777
    assert mode == (0o777 if name.endswith("-ro") else 0o700)
