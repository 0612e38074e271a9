"""The helper programs: found, run with a deadline, and quoted in errors as libvirt quotes them."""

from __future__ import annotations

import errno
import os
import shlex
import shutil
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from virtloom.driver import DriverHost
from virtloom.driver.work.lanes import Pulse
from virtloom.driver.work.process import Finished
from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error

# Programs that libvirt calls by a path of its build's, with that path: one that is missing fails as it does there.
_SBIN = (
    "lvchange lvcreate lvremove lvs parted pvcreate pvremove pvs vgchange vgcreate vgremove vgs vgscan mkfs showmount"
)
BUILT_IN = {name: f"/sbin/{name}" for name in _SBIN.split()} | {
    "mount": "/bin/mount",
    "umount": "/bin/umount",
    "iscsiadm": "/usr/bin/iscsiadm",
}
NOT_FOUND = 127  # the exit status of a shell that finds no program
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

STALL = 60.0  # seconds without any reading or writing after which a long helper is given up
DEADLINE = 24 * 3600.0  # seconds for a helper that shows signs of life

# A limit on a helper that reads what a guest may have written: bytes of memory, seconds of processor time, files.
LIMITS = ("prlimit", "--as=1073741824", "--cpu=20", "--nofile=64", "--fsize=0", "--")


def find(program: str) -> str | None:
    """The path of a program; None if it is not installed."""
    found = shutil.which(program, path=os.environ.get("PATH", _PATH) + ":" + _PATH)
    if found is None:
        return None
    usual = BUILT_IN.get(program, f"/usr/bin/{program}")
    return usual if os.path.exists(usual) and os.path.samefile(usual, found) else found


def require(program: str) -> str:
    """The path of a program.

    :raises VirtError: SYSTEM_ERROR in libvirt's words if it is not installed, unless libvirt would try it all the same.
    """
    found = find(program) or BUILT_IN.get(program)
    if found is None:
        missing = OSError(errno.ENOENT, os.strerror(errno.ENOENT))
        raise system_error(missing, f"Cannot find '{program}' in path", ErrorDomain.NONE)
    return found


# Long work on a volume ends with the daemon, which would find the volume half made and still being written to.
_WITH_US = ("setpriv", "--pdeathsig", "KILL", "--")


class Programs:
    """Runs helper programs for one driver.

    :param host: the driver's host.
    """

    def __init__(self, host: DriverHost) -> None:
        self._host = host

    def run(
        self,
        argv: Sequence[str],
        *,
        deadline: float = DEADLINE,
        stall: float | None = STALL,
        shown: Callable[[str], str] = str,
        pulse: Pulse | None = None,
        private: Mapping[str, str] | None = None,
        **options: Any,
    ) -> bytes:
        """Run a program to its end and return what it printed.

        :param argv: the program's name or path, and its arguments.
        :param deadline: seconds at most.
        :param stall: seconds without reading or writing anything after which it is killed; None for no such limit.
        :param pulse: beats twice a second with the bytes that it has written, and may end it.
        :param private: variables of its environment that no error shows.
        :param shown: changes a text that an error shows (a temporary name into the one that was asked for).
        :raises VirtError: INTERNAL_ERROR as libvirt has it if it failed, OPERATION_TIMEOUT past a limit.
        """
        if pulse is not None:
            options |= {"beat": pulse.beat, "before": _WITH_US if find(_WITH_US[0]) else ()}
        env = options.pop("env", None)
        if env or private:
            options["env"] = {**(env or {}), **(private or {})}
        finished = self.attempt(argv, deadline=deadline, stall=stall, **options)
        if finished.status != 0:
            raise failure([require(argv[0]), *argv[1:]], finished, shown, env)
        return finished.stdout

    def attempt(
        self, argv: Sequence[str], *, deadline: float = DEADLINE, before: Sequence[str] = (), **options: Any
    ) -> Finished:
        """Run a program to its end, whatever its exit status; see `run`.

        :param before: a command that becomes the program.
        """
        path = argv[0] if argv[0].startswith("/") else require(argv[0])
        if not os.path.exists(path):
            words = f"libvirt:  error : cannot execute binary {path}: No such file or directory"
            return Finished(NOT_FOUND, b"", words.encode())
        env = options.pop("env", None)
        if env is not None:
            options["env"] = {**os.environ, **env}
        options = {"limit": 8 << 20, "check": False, "name": path, **options}
        return self._host.run([*before, path, *argv[1:]], deadline=deadline, **options)

    def inspect(self, argv: Sequence[str], *, deadline: float) -> Finished:
        """Run a program that looks at untrusted data: with little memory, little time, and no right to write."""
        return self.attempt(argv, deadline=deadline, before=LIMITS)


def failure(
    argv: Sequence[str], finished: Finished, shown: Callable[[str], str] = str, env: Mapping[str, str] | None = None
) -> VirtError:
    """The error for a program that failed (`virCommandWait`)."""
    words = finished.stderr.decode(errors="replace").rstrip()
    status = f"exit status {finished.status}" if finished.status >= 0 else f"fatal signal {-finished.status}"
    command = " ".join([*(f"{name}={value}" for name, value in (env or {}).items()), shlex.join(argv)])
    detail = f"Child process ({command}) unexpected {status}"
    return VirtError(ErrorCode.INTERNAL_ERROR, shown(f"{detail}: {words}" if words else detail), ErrorDomain.NONE)
