"""Starting a guest's process: in a session of its own, with a log and a pid file, so that it outlives the daemon.

No Python runs between fork and exec (`subprocess` does it in C), so that the daemon's threads and locks do not matter.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from virtloom.driver.files.store import write_atomically
from virtloom.errors import system_error
from virtloom_qemu.process.identity import Identity
from virtloom_qemu.process.process import GuestProcess

ENVIRONMENT = ("PATH", "LC_ALL", "LANG")  # of the daemon's own, what a guest's process is given
END_WITHIN = 5.0  # seconds for a process to be gone that was killed just after its start
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def launch(
    argv: Sequence[str],
    *,
    log: Path,
    pid_file: Path,
    env: Mapping[str, str],
    fds: Sequence[int] = (),
    umask: int = 0o002,
    identity: Identity | None = None,
) -> GuestProcess:
    """Start a guest's process.

    :param argv: the program and its arguments.
    :param log: where what it prints is appended.
    :param env: variables beside the few that it inherits.
    :param fds: descriptors that it is given under their own numbers; the caller keeps and closes its own.
    :param identity: whom it runs as; None for the daemon's own.
    :raises VirtError: SYSTEM_ERROR if it cannot be started; nothing is left then.
    """
    inherited = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
    with _opened(log) as output:
        try:
            child = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={"PATH": PATH, **inherited, **env},
                pass_fds=tuple(fds),
                start_new_session=True,
                cwd="/",
                umask=umask,
                user=None if identity is None else identity.user,
                group=None if identity is None else identity.group,
                extra_groups=None if identity is None else identity.groups(),
            )
        except OSError as error:
            raise system_error(error, f"Cannot execute binary {argv[0]}") from error
    child.returncode = 0  # it is not `subprocess` that waits for it
    process = GuestProcess.of(child.pid)
    try:
        write_atomically(pid_file, f"{child.pid}\n".encode(), 0o644)
    except OSError as error:
        process.signal(signal.SIGKILL)
        process.wait(END_WITHIN)
        raise system_error(error, f"Failed to write pid file '{pid_file}'") from error
    return process


def _opened(log: Path) -> IO[bytes]:
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        return os.fdopen(os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600), "ab")
    except OSError as error:
        raise system_error(error, f"failed to create logfile {log}") from error
