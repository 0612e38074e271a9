"""The controller: a small process beside each container, which outlives the daemon as the container does.

It gives the container its consoles, runs lxc-start, learns of each boot of init, and tells whoever connects to its
socket how things stand: one line of JSON, again after each change. At the end it leaves the last line in a file, for a
daemon that was away. It does what `libvirt_lxc` does for libvirt.

Run by its path with `python -I -S`: it imports nothing but a few modules of the standard library, because there is one
of it for each container.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import select
import signal
import socket
import sys
import termios
import time
import tty

BUFFER = 65536  # bytes of a console's output that are kept for a slow reader; the oldest go first
IGNORED = (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE)
EXEC_WITHIN = 5.0  # seconds that init may take from its creation to its execution
ENDED = re.compile(rb"Child <(\d+)> ended on (signal|error) .*?\((\d+)\)")
FAILED = re.compile(r" ERROR +\S+ - \S+ - (.*)")


class Console:
    """One console: a terminal of the container's, and one of the host's that clients open.

    What the container writes never makes it wait: without a reader the oldest output is lost.
    """

    def __init__(self, owner: int) -> None:
        self.guest, self.guest_end = os.openpty()
        self.host, self.host_end = os.openpty()
        os.fchown(self.guest_end, owner, -1)
        tty.setraw(self.host_end, termios.TCSANOW)
        self.guest_path, self.host_path = os.ttyname(self.guest_end), os.ttyname(self.host_end)
        self.waiting = {self.guest: bytearray(), self.host: bytearray()}  # what is to be written to each
        for master in (self.guest, self.host):
            os.set_blocking(master, False)

    def other(self, master: int) -> int:
        """The other terminal."""
        return self.host if master == self.guest else self.guest

    def interest(self, master: int) -> int:
        """What to wait for: input unless a guest that does not read has enough of it, output if there is some."""
        full = master == self.host and len(self.waiting[self.guest]) >= BUFFER
        return (0 if full else select.EPOLLIN) | (select.EPOLLOUT if self.waiting[master] else 0)

    def move(self, master: int, events: int) -> None:
        """Read what has come from one side, and write what waits for it."""
        if events & select.EPOLLIN:
            other = self.waiting[self.other(master)]
            try:
                other += os.read(master, 4096)
            except OSError:
                return
            if master == self.guest and len(other) > BUFFER:
                del other[: len(other) - BUFFER]
        if events & select.EPOLLOUT:
            waiting = self.waiting[master]
            try:
                del waiting[: os.write(master, waiting)]
            except OSError:
                return


class Controller:
    """One run of a container.

    :param spec: `command`: lxc-start with its options, `program`: its path; `init`: what it is to run; `consoles`: how
        many; `owner`: the uid of the container's root; `log`: liblxc's log, `log_from`: its size before the run;
        `fifo`: where the hook of each boot writes init's pid; `ended`: the file for the last line; `listen`: the
        descriptor of the listening socket.
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

    def run(self) -> None:
        """Serve from the start of the container to its end."""
        self.listener.setblocking(False)
        self.epoll.register(self.listener, select.EPOLLIN)
        self.epoll.register(self.fifo, select.EPOLLIN)
        for master, console in self.by_master.items():
            self.epoll.register(master, console.interest(master))
        pid = self.start()
        pidfd = os.pidfd_open(pid)
        self.epoll.register(pidfd, select.EPOLLIN)
        while not self.step(pidfd):
            pass
        _, status = os.waitpid(pid, 0)
        self.end(os.waitstatus_to_exitcode(status))

    def start(self) -> int:
        """Run lxc-start, with the first console as its terminal."""
        command = [*self.spec["command"], *self.mounts(), *self.spec["init"]]
        end = self.consoles[0].guest_end
        nothing = os.open(os.devnull, os.O_RDWR)
        actions = [
            (os.POSIX_SPAWN_DUP2, end, 0),
            (os.POSIX_SPAWN_DUP2, end, 1),
            (os.POSIX_SPAWN_DUP2, nothing, 2),
        ]
        return os.posix_spawnp(command[0], command, os.environ, file_actions=actions, setsid=True, setsigdef=IGNORED)

    def mounts(self) -> list[str]:
        """The consoles inside: /dev/tty1 and so on, the first one as /dev/console too."""
        places = [("console", self.consoles[0])]
        places += [(f"tty{number}", console) for number, console in enumerate(self.consoles, 1)]
        options = []
        for name, console in places:
            options += ["-s", f"lxc.mount.entry={console.guest_path} dev/{name} none bind,create=file 0 0"]
        return options

    def step(self, pidfd: int) -> bool:
        """Wait for something and do it; whether lxc-start has ended."""
        for master, console in self.by_master.items():
            self.epoll.modify(master, console.interest(master))
        ready = self.epoll.poll()
        for descriptor, events in ready:
            if descriptor in self.by_master:
                self.by_master[descriptor].move(descriptor, events)
            elif descriptor == self.listener.fileno():
                self.welcome()
            elif descriptor == self.fifo:
                self.booted()
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
        """Wait until init's program runs in the place of liblxc's own; False if it never did."""
        mine = os.stat(self.spec["program"])
        deadline = time.monotonic() + EXEC_WITHIN
        while time.monotonic() < deadline:
            try:
                now = os.stat(f"/proc/{pid}/exe")
            except OSError:
                return self.has_run()
            if (now.st_dev, now.st_ino) != (mine.st_dev, mine.st_ino):
                return True
            time.sleep(0.001)
        return False

    def has_run(self) -> bool:
        """Whether an init that is gone already was executed: liblxc's log says if not."""
        time.sleep(0.01)
        return b"Failed to exec" not in self.log()

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
            ended["error"] = reason(log) or f"lxc-start ended with status {status}"
        elif status < 0:
            ended["signal"] = -status
        self.state["ended"] = ended
        temporary = self.spec["ended"] + ".new"
        with open(temporary, "w") as file:
            json.dump(self.state, file)
        os.rename(temporary, self.spec["ended"])
        self.welcome()
        self.changed()


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


if __name__ == "__main__":
    main()
