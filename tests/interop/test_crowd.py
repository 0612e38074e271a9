"""A thousand idle clients while sixty-four work, and two hundred that vanish in mid-call: nobody is disturbed."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

from daemons import CONFIG, Daemon, eventually
from virtloom.wire import remote
from virtloom.wire.frames import pack_call

IDLE, WORKING, CALLS = 1000, 64, 20
VERSION = pack_call(remote.PROGRAM, remote.PROGRAM.by_name("connect_get_lib_version"), 9)
REPLY = 36


def call(name: str, *args: object) -> bytes:
    return pack_call(remote.PROGRAM, remote.PROGRAM.by_name(name), 1, args)


def ask(client: socket.socket, frame: bytes) -> bytes:
    client.sendall(frame)
    head = client.recv(4, socket.MSG_WAITALL)
    return client.recv(int.from_bytes(head) - 4, socket.MSG_WAITALL)


def opened(path: Path) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.connect(str(path))  # with a timeout this would fail where it now waits for the daemon to accept
    client.settimeout(60)
    ask(client, call("auth_list"))
    ask(client, call("connect_open", "test:///default", 0))
    return client


def test_idle_clients_cost_the_others_nothing(daemon: Daemon) -> None:
    idle = [opened(daemon.socket) for _ in range(IDLE)]
    threads = daemon.threads()
    answered = []

    def work() -> None:
        client = opened(daemon.socket)
        for _ in range(CALLS):
            answered.append(len(ask(client, VERSION)))
        client.close()

    workers = [threading.Thread(target=work) for _ in range(WORKING)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert answered == [REPLY - 4] * (WORKING * CALLS)
    assert all(len(ask(client, VERSION)) == REPLY - 4 for client in idle)
    assert daemon.threads() <= threads + 20, "a client must not cost a thread"
    for client in idle:
        client.close()


def test_clients_that_vanish_in_mid_call_leave_nothing_behind(scratch: Path) -> None:
    daemon = Daemon(scratch, CONFIG + "[server]\nmax_anonymous_clients = 0\n")
    keeper = opened(daemon.socket)
    before = daemon.descriptors()
    for _ in range(200):
        client = opened(daemon.socket)
        client.sendall(VERSION * 3 + VERSION[:10])
        client.close()
    eventually(lambda: daemon.descriptors() <= before, "every vanished client's socket to be closed")
    assert len(ask(keeper, VERSION)) == REPLY - 4
    keeper.close()
    daemon.stop()
