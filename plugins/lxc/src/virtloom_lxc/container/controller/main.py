"""The controller's own program: one run of a container, from its start to its end."""

from __future__ import annotations

import fcntl
import json
import os
import re
import select
import signal
import socket
import sys
import time
from contextlib import suppress

from virtloom_lxc.container.controller import fuse, stub
from virtloom_lxc.container.controller.console import Console
from virtloom_lxc.container.controller.meminfo import meminfo

IGNORED = (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE)
LOOK = 0.5  # seconds between two looks at a start
KILLED = "it was killed before its init ran"
EXEC_WITHIN = 5.0  # seconds that init may take from its creation to its execution
ENDED = re.compile(rb"Child <(\d+)> ended on (signal|error) .*?\((\d+)\)")
FAILED = re.compile(r" ERROR +\S+ - \S+ - (.*)")


class Controller:
    """One run of a container.

    :param spec: `command`: lxc-start with its options, `program`: its path; `init`: what it is to run, `environment`:
        all of its environment, null if liblxc is to make it; `consoles`: how many; `owner`: the uid of the container's
        root; `memory`: the folder of its memory group and the version of that, `meminfo`: where to mount its
        `/proc/meminfo`, null for none; `log`: liblxc's log, `log_from`: its size before the run; `fifo`: where the hook
        of each boot writes init's pid; `ended`: the file for the last line; `listen`: the descriptor of the listening
        socket.
    """

    def __init__(self, spec: dict) -> None:  # type: ignore[type-arg]
        self.spec = spec
        self.consoles = [Console(spec["owner"]) for _ in range(spec["consoles"])]
        self.listener = socket.socket(fileno=spec["listen"])
        self.clients: list[socket.socket] = []
        self.state = {
            "consoles": [console.host_path for console in self.consoles],
            "init": 0,
            "boots": 0,
            "ended": None,
        }
        self.epoll = select.epoll()
        self.by_master = {master: console for console in self.consoles for master in console.waiting}
        # Opened for both, so that it never ends; a hook that writes never waits.
        self.fifo = os.open(spec["fifo"], os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self.failed = ""
        self.failures, self.report = os.pipe()  # an init that cannot be executed writes why
        os.set_blocking(self.failures, False)
        os.set_inheritable(self.report, True)
        self.stub = self.made_stub()
        self.meminfo = self.mounted_meminfo()

    def made_stub(self) -> int | None:
        """The program that becomes init; None if liblxc is to execute init itself."""
        if self.spec["environment"] is None:
            return None
        return stub.make(self.spec["init"], self.spec["environment"], self.report, os.uname().machine)

    def mounted_meminfo(self) -> fuse.File | None:
        """The container's `/proc/meminfo`; None if it sees the host's."""
        if self.spec["meminfo"] is None:
            return None
        try:
            file = fuse.File(lambda: meminfo(*self.spec["memory"]), self.spec["owner"])
        except OSError:
            return None
        return file if file.mount(self.spec["meminfo"]) else None

    def run(self) -> None:
        """Serve from the start of the container to its end."""
        self.listener.setblocking(False)
        self.epoll.register(self.listener, select.EPOLLIN)
        self.epoll.register(self.fifo, select.EPOLLIN)
        if self.meminfo is not None:
            self.epoll.register(self.meminfo.device, select.EPOLLIN)
        for master, console in self.by_master.items():
            self.epoll.register(master, console.interest(master))
        pid = self.start()
        pidfd = os.pidfd_open(pid)
        self.epoll.register(pidfd, select.EPOLLIN)
        while not self.step(pidfd):
            if not self.state["boots"] and is_abandoned(pid):
                self.failed = KILLED
                os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        self.end(os.waitstatus_to_exitcode(status))

    def start(self) -> int:
        """Run lxc-start, with the first console as its terminal."""
        init = self.spec["init"] if self.stub is None else [f"{stub.PATH}{self.stub}"]
        command = [*self.spec["command"], *self.mounts(), "--", *init]
        end = self.consoles[0].guest_end
        nothing = os.open(os.devnull, os.O_RDWR)
        actions = [
            (os.POSIX_SPAWN_DUP2, end, 0),
            (os.POSIX_SPAWN_DUP2, end, 1),
            (os.POSIX_SPAWN_DUP2, nothing, 2),
        ]
        default = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}
        return os.posix_spawnp(command[0], command, os.environ, file_actions=actions, setsid=True, setsigdef=default)

    def mounts(self) -> list[str]:
        """The consoles inside: /dev/tty1 and so on, the first one as /dev/console too; and what is known of memory."""
        places = [("console", self.consoles[0])]
        places += [(f"tty{number}", console) for number, console in enumerate(self.consoles, 1)]
        options = []
        for name, console in places:
            options += ["-s", f"lxc.mount.entry={console.guest_path} dev/{name} none bind,create=file 0 0"]
        if self.meminfo is not None:
            options += ["-s", f"lxc.mount.entry={self.spec['meminfo']} proc/meminfo none bind,optional 0 0"]
        return options

    def step(self, pidfd: int) -> bool:
        """Wait for something and do it; whether lxc-start has ended."""
        for master, console in self.by_master.items():
            self.epoll.modify(master, console.interest(master))
        ready = self.epoll.poll(None if self.state["boots"] else LOOK)
        for descriptor, events in ready:
            if descriptor in self.by_master:
                self.by_master[descriptor].move(descriptor, events)
            elif descriptor == self.listener.fileno():
                self.welcome()
            elif descriptor == self.fifo:
                self.booted()
            elif self.meminfo is not None and descriptor == self.meminfo.device and not self.meminfo.serve():
                self.epoll.unregister(descriptor)
        return any(descriptor == pidfd for descriptor, _ in ready)

    def welcome(self) -> None:
        """A daemon connects: tell it how things stand."""
        try:
            client, _ = self.listener.accept()
        except OSError:
            return
        client.settimeout(1.0)
        self.clients.append(client)
        self.tell(client)

    def tell(self, client: socket.socket) -> None:
        """One line for one client; who does not read is let go."""
        try:
            client.sendall(json.dumps(self.state).encode() + b"\n")
        except OSError:
            self.clients.remove(client)
            client.close()

    def changed(self) -> None:
        """Tell all."""
        for client in tuple(self.clients):
            self.tell(client)

    def booted(self) -> None:
        """The hook told init's pid: a boot, once init's program has been executed."""
        for line in os.read(self.fifo, 4096).split():
            pid = int(line)
            if self.executed(pid):
                self.state["init"] = pid
                self.state["boots"] += 1  # type: ignore[operator]
                self.changed()

    def executed(self, pid: int) -> bool:
        """Wait until init's program runs in the place of liblxc's own and of ours; False if it never did."""
        before = [_identity(place) for place in (self.spec["program"], *self.own_programs())]
        deadline = time.monotonic() + EXEC_WITHIN
        while time.monotonic() < deadline:
            try:
                now = _identity(f"/proc/{pid}/exe")
            except OSError:
                return self.has_run()
            if now not in before:
                return True
            time.sleep(0.001)
        return False

    def own_programs(self) -> list[str]:
        """What is executed in the place of init before it."""
        return [] if self.stub is None else [f"{stub.PATH}{self.stub}"]

    def has_run(self) -> bool:
        """Whether an init that is gone already was executed: the program before it says if not, or liblxc's log."""
        time.sleep(0.01)
        self.failed = self.failed or self.failure()
        return not self.failed and b"Failed to exec" not in self.log()

    def failure(self) -> str:
        """Why init could not be executed, in liblxc's form; "" if nothing was told."""
        try:
            number = os.read(self.failures, 4)
        except BlockingIOError:
            return ""
        words = os.strerror(-int.from_bytes(number, sys.byteorder, signed=True))
        return f'{words} - Failed to exec "{self.spec["init"][0]}"'

    def log(self) -> bytes:
        """What liblxc logged in this run, at most its last part."""
        try:
            with open(self.spec["log"], "rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(self.spec["log_from"], size - 65536))
                return file.read()
        except OSError:
            return b""

    def end(self, status: int) -> None:
        """Say how it ended: by init's own exit, by a signal, or because it could not start."""
        log = self.log()
        ended: dict[str, object] = {"code": 0, "signal": 0, "error": None}
        exits = ENDED.findall(log)
        if exits:
            _, kind, number = exits[-1]
            ended["signal" if kind == b"signal" else "code"] = int(number)
        if not self.state["boots"]:
            told = reason(log).replace(f"{stub.PATH}{self.stub}", self.spec["init"][0])
            ended["error"] = self.failed or told or f"lxc-start ended with status {status}"
        elif status < 0:
            ended["signal"] = -status
        self.state["ended"] = ended
        temporary = self.spec["ended"] + ".new"
        with open(temporary, "w") as file:
            json.dump(self.state, file)
        os.rename(temporary, self.spec["ended"])
        self.welcome()
        self.changed()


def is_abandoned(pid: int) -> bool:
    """Whether lxc-start waits for ever: its child was killed, for want of memory say, at a wrong moment."""
    states = []
    with suppress(OSError, IndexError):
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            children = file.read().split()
        for child in children:
            with open(f"/proc/{child}/stat") as file:
                states.append(file.read().rpartition(")")[2].split()[0])
        return bool(states) and set(states) == {"Z"}
    return False


def _identity(place: str) -> tuple[int, int]:
    """What a file is, whatever name it has."""
    found = os.stat(place)
    return found.st_dev, found.st_ino


def reason(log: bytes) -> str:
    """The first error in liblxc's log, which is the cause of the others."""
    found = (FAILED.search(line) for line in log.decode(errors="replace").splitlines())
    return next((match[1] for match in found if match is not None), "")


def main() -> None:
    """Run by the driver, with the description of the run as its argument."""
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    spec = json.loads(sys.argv[1])
    fcntl.fcntl(spec["listen"], fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    Controller(spec).run()
