"""A server: its listeners, its clients, its workers, and how it starts and stops.

Guarantees: beyond its limits nobody is accepted, and nobody is turned away for it: who comes then waits in the kernel's
queue. Stopping lets the calls that run finish, closes every client and ends every thread within its time; what does
not end by then is named.
Locks: the server's lock guards the table of clients, and nothing else is done under it.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.locks import Level, LockManager
from virtloom.server.clients.client import Client
from virtloom.server.clients.state import State
from virtloom.server.credentials import identify
from virtloom.server.dispatch import Dispatcher
from virtloom.server.limits import ServerLimits
from virtloom.server.listener import Listener
from virtloom.server.reader import READ, Reader
from virtloom.server.session import Session
from virtloom.server.streams import StreamBudget
from virtloom.server.workers import Crew, PoolSizes, WorkerPool
from virtloom.wire.programs import Program

log = logging.getLogger(__name__)

ACCEPT_AT_ONCE = 16  # newcomers that are let in before the clients that are there are read again
ACCEPT_AGAIN = 1.0  # seconds after accepting failed for lack of descriptors or memory
SAY_FULL_EVERY = 60.0  # seconds between two complaints that there is no room
CLOSING_TIME = 1.0  # of the seconds for stopping, those kept for ending threads
SPARE_STREAM_THREADS = 4

MakeSession = Callable[[Client], Session]


def _sizes(limits: ServerLimits) -> PoolSizes:
    return PoolSizes(limits.min_workers, limits.max_workers, limits.prio_workers, limits.max_waiting)


class Server:
    """A server of some programs.

    :param name: what clients of the admin program know it by; its threads carry it.
    :param programs: the programs that it serves.
    :param make_session: makes what is behind a new client; called on the reader's thread, so it must not wait. What it
        raises turns the client away.
    :param locks: makes its locks.
    """

    def __init__(
        self,
        name: str,
        programs: Iterable[Program],
        make_session: MakeSession,
        locks: LockManager,
        limits: ServerLimits | None = None,
    ) -> None:
        self.name = name
        self.make_session = make_session
        self.locks = locks
        self.limits = limits = limits or ServerLimits()
        self.dispatcher = Dispatcher(programs)
        self.workers = WorkerPool(name, locks, _sizes(limits))
        self.reader = Reader(f"{name}-reader", locks, self.workers, lambda call: call.route.was_late())
        self.stream_budget = StreamBudget(locks, limits.max_streams)
        threads = 3 * limits.max_streams
        self.stream_threads = Crew(f"{name}-stream", locks, 0, threads, threads, spare=SPARE_STREAM_THREADS)
        self.serving = False
        self._listeners: list[Listener] = []
        self.accepting = True
        self._say_full_at = 0.0
        self._emptied = threading.Event()
        self._lock = locks.lock("server", Level.SERVER)
        # Under the lock.
        self._clients: dict[int, Client] = {}
        self._anonymous: set[int] = set()
        self._last_number = 0

    # Life.

    def add_listener(self, listener: Listener) -> None:
        """Accept clients from a listening socket, from `start` on. To be called before it."""
        self._listeners.append(listener)

    def start(self) -> None:
        """Serve."""
        self.serving = True
        self.workers.start()
        for listener in self._listeners:
            self.reader.watch(listener.sock.fileno(), partial(self._accept, listener))
        self.reader.start()

    def stop(self, timeout: float = 5.0) -> list[str]:
        """Accept nobody, let running calls finish, close every client, end every thread. Stopping twice does no harm.

        :param timeout: seconds at most.
        :returns: the names of threads that could not be ended in time; they hold no lock of the server's.
        """
        deadline = time.monotonic() + timeout
        self.serving = False
        self.reader.soon(self._stop_listening)
        for client in self.clients():
            client.close_after_reply()
        with self._lock:
            empty = not self._clients
        if not empty:
            self._emptied.wait(max(0.0, deadline - CLOSING_TIME - time.monotonic()))
        for client in self.clients():
            client.kill("the daemon stops")
        self.reader.flush(CLOSING_TIME)
        self.workers.end()
        self.stream_threads.end()
        stuck = self.workers.join(deadline) + self.stream_threads.join(deadline)
        if not self.reader.stop(max(0.1, deadline - time.monotonic())):
            stuck.append(f"{self.name}-reader")
        for name in stuck:
            log.warning("the thread %s did not end in time", name)
        return stuck

    def _stop_listening(self) -> None:
        for listener in self._listeners:
            self.reader.unwatch(listener.sock.fileno())
            listener.close()
        self._listeners.clear()

    def reload(self, limits: ServerLimits) -> None:
        """Use other limits: at once for workers, streams and newcomers; clients that are here keep their own."""
        self.limits = limits
        self.workers.resize(_sizes(limits))
        self.stream_budget.resize(limits.max_streams)
        threads = 3 * limits.max_streams
        self.stream_threads.resize(0, threads, threads)
        self.reader.soon(self._accept_again)

    # Newcomers, on the reader's thread.

    def _accept(self, listener: Listener, events: int = 0) -> None:
        for _ in range(ACCEPT_AT_ONCE):
            if not self._has_room():
                return self._suspend()
            try:
                sock = listener.accept()
            except OSError as error:
                log.error("%s: accepting failed: %s", listener.name, error)
                self._set_accepting(False)
                return self.reader.at(time.monotonic() + ACCEPT_AGAIN, self._accept_again)
            if sock is None:
                return None
            self._admit(sock, listener.readonly)
        return None

    def _admit(self, sock: socket.socket, readonly: bool) -> None:
        with self._lock:
            self._last_number += 1
            number = self._last_number
        try:
            client = Client(self, sock, number, readonly, identify(sock))
        except Exception as error:
            level = logging.WARNING if isinstance(error, VirtError) else logging.ERROR
            log.log(level, "%s: a client is turned away: %s", self.name, error, exc_info=level == logging.ERROR)
            sock.close()
            return
        with self._lock:
            self._clients[number] = client
            self._anonymous.add(number)
        client.begin()

    def _has_room(self) -> bool:
        limits = self.limits
        with self._lock:
            clients, anonymous = len(self._clients), len(self._anonymous)
        return clients < limits.max_clients and not 0 < limits.max_anonymous_clients <= anonymous

    def _suspend(self) -> None:
        now = time.monotonic()
        if now >= self._say_full_at:
            self._say_full_at = now + SAY_FULL_EVERY
            text = "%s: nobody is accepted for now: %d clients, %d not authenticated"
            log.warning(text, self.name, *self.counts())
        self._set_accepting(False)

    def _accept_again(self) -> None:
        if not self.accepting and self._has_room():
            self._set_accepting(True)

    def _set_accepting(self, accepting: bool) -> None:
        self.accepting = accepting
        for listener in self._listeners:
            self.reader.rearm(listener.sock.fileno(), READ if accepting else 0)

    # What clients tell.

    def authenticated(self, client: State) -> None:
        """A client has said who it is."""
        with self._lock:
            self._anonymous.discard(client.id)
        if not self.accepting:
            self.reader.soon(self._accept_again)

    def left(self, client: State) -> None:
        """A client's socket was closed. On the reader's thread."""
        with self._lock:
            self._clients.pop(client.id, None)
            self._anonymous.discard(client.id)
            empty = not self._clients
        if not self.accepting:
            self._accept_again()
        if empty and not self.serving:
            self._emptied.set()

    # What others ask.

    def clients(self) -> list[Client]:
        """The clients now, in the order in which they came."""
        with self._lock:
            return list(self._clients.values())

    def client(self, number: int) -> Client:
        """One client.

        :raises VirtError: NO_CLIENT.
        """
        with self._lock:
            found = self._clients.get(number)
        if found is None:
            raise VirtError(ErrorCode.NO_CLIENT, f"No client with matching ID '{number}'", ErrorDomain.RPC)
        return found

    def counts(self) -> tuple[int, int]:
        """How many clients there are, and how many of them have not authenticated."""
        with self._lock:
            return len(self._clients), len(self._anonymous)
