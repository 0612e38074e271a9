"""The admin program, asked as virt-admin asks, and by virt-admin itself where it is installed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from server_rig import Refused, Rig

from virtloom.driver.context import Identity
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.locks import LockManager
from virtloom.server.admin.logs import LogSettings
from virtloom.server.admin.procedures import PROCEDURES
from virtloom.server.admin.session import AdminSession
from virtloom.server.limits import ServerLimits
from virtloom.server.listener import listen
from virtloom.server.server import Server
from virtloom.wire import admin
from virtloom.wire.frames import pack_call, unpack
from virtloom.wire.message import Status

needs_virt_admin = pytest.mark.skipif(
    shutil.which("virt-admin") is None and not os.environ.get("CI"), reason="virt-admin (libvirt-clients) is missing"
)


class Daemon:
    """What the admin program changes."""

    def __init__(self) -> None:
        self.logs = LogSettings()
        self.timeout = 0
        self.stopped = False

    def log_outputs(self) -> Sequence[str]:
        return self.logs.outputs()

    def log_filters(self) -> Sequence[str]:
        return self.logs.filters()

    def set_log_outputs(self, outputs: Sequence[str]) -> None:
        self.logs.set_outputs(outputs)

    def set_log_filters(self, filters: Sequence[str]) -> None:
        self.logs.set_filters(filters)

    def set_timeout(self, seconds: int) -> None:
        self.timeout = seconds

    def shut_down(self) -> None:
        self.stopped = True


class Admin:
    """A client of the admin socket."""

    def __init__(self, path: Path, daemon: Daemon) -> None:
        self.path = path
        self.daemon = daemon
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(path))
        self.sock.settimeout(5)

    def ask(self, name: str, *args: Any) -> Any:
        procedure = admin.PROGRAM.by_name(name)
        self.sock.sendall(pack_call(admin.PROGRAM, procedure, 1, args))
        frame = unpack(self.sock.recv(1 << 16))
        if frame.header.status == Status.ERROR:
            raise Refused(frame.payload)
        return None if procedure.ret is None else procedure.ret.decode(frame.payload)

    def params(self, name: str, *args: Any) -> dict[str, Any]:
        return {param.field: param.value[1] for param in self.ask(name, *args, 0).params}


@pytest.fixture
def client(rig: Rig, scratch: Path, locks: LockManager) -> Iterator[Admin]:
    rig.start()
    daemon = Daemon()
    servers = {"virtloomd": rig.server}
    limits = ServerLimits(min_workers=1, max_workers=2, prio_workers=1)
    server = Server("admin", [admin.PROGRAM], lambda port: AdminSession(port, servers, daemon), locks, limits)
    server.add_listener(listen(scratch / "libvirt-admin-sock", mode=0o700))
    rig.server.name = "virtloomd"
    servers["admin"] = server
    server.start()
    client = Admin(scratch / "libvirt-admin-sock", daemon)
    yield client
    client.sock.close()
    assert server.stop() == []
    daemon.logs.set_filters([])


def test_every_procedure_of_the_program_is_answered() -> None:
    assert set(PROCEDURES) == {procedure.snake for procedure in admin.PROGRAM.procedures}


def test_servers_are_listed_and_found(client: Admin) -> None:
    client.ask("connect_open", 0)
    listed = client.ask("connect_list_servers", 1, 0)
    assert ([server.name for server in listed.servers], listed.ret) == (["virtloomd", "admin"], 2)
    assert tuple(client.ask("connect_list_servers", 0, 0)) == ([], 2)
    assert client.ask("connect_lookup_server", "admin", 0).srv.name == "admin"
    with pytest.raises(Refused, match=r"^Server not found: No server named 'nobody'$") as refusal:
        client.ask("connect_lookup_server", "nobody", 0)
    assert (refusal.value.code, refusal.value.domain) == (ErrorCode.NO_SERVER, ErrorDomain.RPC)


def test_workers_can_be_seen_and_changed(client: Admin) -> None:
    seen = client.params("server_get_threadpool_parameters", ("virtloomd",))
    assert list(seen) == ["minWorkers", "maxWorkers", "nWorkers", "freeWorkers", "prioWorkers", "jobQueueDepth"]
    assert (seen["minWorkers"], seen["maxWorkers"], seen["prioWorkers"]) == (5, 20, 5)
    client.ask("server_set_threadpool_parameters", ("virtloomd",), [("maxWorkers", (2, 7)), ("prioWorkers", (2, 6))], 0)
    seen = client.params("server_get_threadpool_parameters", ("virtloomd",))
    assert (seen["maxWorkers"], seen["prioWorkers"]) == (7, 6)


def test_limits_of_clients_can_be_seen_and_changed(client: Admin) -> None:
    assert client.params("server_get_client_limits", ("admin",)) == {
        "nclients_max": 5000,
        "nclients": 1,
        "nclients_unauth_max": 20,
        "nclients_unauth": 0,
    }
    client.ask("server_set_client_limits", ("admin",), [("nclients_max", (2, 30))], 0)
    assert client.params("server_get_client_limits", ("admin",))["nclients_max"] == 30


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ([("nclients_max", (2, 5))], "must not be less than the overall maximum number of clients"),
        ([("colour", (2, 5))], "argument unsupported: parameter 'colour' not supported"),
        ([("nclients_max", (1, 5))], "invalid type 'int' for parameter 'nclients_max', expected 'uint'"),
        ([("nclients_max", (2, 50)), ("nclients_max", (2, 60))], "parameter 'nclients_max' occurs multiple times"),
    ],
)
def test_limits_that_cannot_be_change_nothing(client: Admin, params: list[Any], message: str) -> None:
    with pytest.raises(Refused, match=message):
        client.ask("server_set_client_limits", ("virtloomd",), params, 0)
    assert client.params("server_get_client_limits", ("virtloomd",))["nclients_max"] == 5000


def test_clients_are_listed_described_and_disconnected(client: Admin, rig: Rig) -> None:
    peer = rig.login()
    (listed,) = client.ask("server_list_clients", ("virtloomd",), 1, 0).clients
    assert listed == client.ask("server_lookup_client", ("virtloomd",), listed.id, 0).clnt
    info = client.params("client_get_info", listed)
    assert info["readonly"] == 0
    assert (info["unix_user_id"], info["unix_group_id"]) == (os.geteuid(), os.getegid())
    assert info["unix_process_id"] == os.getpid()
    client.ask("client_close", listed, 0)
    assert peer.gone()
    with pytest.raises(Refused, match=r"^Client not found: No client with matching ID '999'$") as refusal:
        client.ask("server_lookup_client", ("virtloomd",), 999, 0)
    assert (refusal.value.code, refusal.value.domain) == (ErrorCode.NO_CLIENT, ErrorDomain.RPC)


def test_the_log_can_be_sent_elsewhere_and_filtered(client: Admin, scratch: Path) -> None:
    output = f"1:file:{scratch}/log"
    client.ask("connect_set_logging_outputs", output, 0)
    assert tuple(client.ask("connect_get_logging_outputs", 0)) == (output, 1)
    assert tuple(client.ask("connect_get_logging_filters", 0)) == (None, 0)
    client.ask("connect_set_logging_filters", "1:server 3:locks", 0)
    assert tuple(client.ask("connect_get_logging_filters", 0)) == ("1:server 3:locks", 2)
    client.ask("connect_set_logging_filters", None, 0)
    assert tuple(client.ask("connect_get_logging_filters", 0)) == (None, 0)
    client.ask("connect_set_logging_outputs", None, 0)
    assert client.ask("connect_get_logging_outputs", 0).outputs == "3:stderr"


@pytest.mark.parametrize("name", ["connect_open", "connect_get_logging_filters", "connect_daemon_shutdown"])
def test_flags_that_there_are_not_are_refused(client: Admin, name: str) -> None:
    with pytest.raises(Refused, match=r"unsupported flags \(0x1\) in function adm") as refusal:
        client.ask(name, 1)
    assert (refusal.value.code, refusal.value.domain) == (ErrorCode.INVALID_ARG, ErrorDomain.ADMIN)
    assert not client.daemon.stopped


def test_the_daemon_can_be_told_to_stop_and_when(client: Admin) -> None:
    client.ask("connect_set_daemon_timeout", 30, 0)
    client.ask("connect_daemon_shutdown", 0)
    assert (client.daemon.timeout, client.daemon.stopped) == (30, True)


def test_there_are_no_tls_files_to_update(client: Admin) -> None:
    with pytest.raises(Refused, match="no tls service found, unable to update tls files"):
        client.ask("server_update_tls_files", ("virtloomd",), 0)


def test_the_version_is_that_of_the_libvirt_whose_behaviour_it_has(client: Admin) -> None:
    assert client.ask("connect_get_lib_version").libVer == 9_000_000


def test_who_says_goodbye_gets_an_answer_and_then_the_end(client: Admin) -> None:
    client.ask("connect_close")
    assert client.sock.recv(100) == b""


def test_another_user_is_turned_away() -> None:
    class Port:
        id = 7
        readonly = False
        identity = Identity(uid=os.geteuid() + 1, pid=42)

    with pytest.raises(VirtError, match=f"Disallowing client 42 with uid {os.geteuid() + 1}") as refusal:
        AdminSession(Port(), {}, Daemon())  # type: ignore[arg-type]
    assert refusal.value.code is ErrorCode.OPERATION_DENIED


def virt_admin(client: Admin, *words: str) -> str:
    """What virt-admin prints."""
    uri = f"libvirtd+unix:///system?socket={client.path}"
    done = subprocess.run(
        ["virt-admin", "-c", uri, *words], capture_output=True, text=True, timeout=10, check=False, env={"LC_ALL": "C"}
    )
    return done.stdout + done.stderr


@needs_virt_admin
def test_virt_admin_sees_and_changes_the_daemon(client: Admin, rig: Rig) -> None:
    rig.login()
    assert "virtloomd" in virt_admin(client, "srv-list")
    assert "maxWorkers     : 20" in virt_admin(client, "srv-threadpool-info", "virtloomd")
    assert virt_admin(client, "srv-threadpool-set", "virtloomd", "--max-workers", "9").strip() == ""
    assert "maxWorkers     : 9" in virt_admin(client, "srv-threadpool-info", "virtloomd")
    assert "nclients            : 1" in virt_admin(client, "srv-clients-info", "virtloomd")
    assert "unix" in virt_admin(client, "srv-clients-list", "virtloomd")
    assert f"unix_process_id: {os.getpid()}" in virt_admin(client, "client-info", "virtloomd", "1")
    assert "Client '1' disconnected" in virt_admin(client, "client-disconnect", "virtloomd", "1")
    assert "Client not found: No client with matching ID '1'" in virt_admin(client, "client-info", "virtloomd", "1")


@needs_virt_admin
def test_virt_admin_sees_and_changes_the_log(client: Admin) -> None:
    assert "Invalid log priority '9' for log output '9:foo'" in virt_admin(
        client, "daemon-log-outputs", "--outputs", "9:foo"
    )
    assert virt_admin(client, "daemon-log-filters", "--filters", "1:server").strip() == ""
    assert "1:server" in virt_admin(client, "daemon-log-filters")
