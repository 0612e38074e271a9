"""Persistent reservations of SCSI disks: one `qemu-pr-helper` for all disks of a guest that leave it to the daemon.

It runs as root, since the kernel lets nobody else reserve, in the guest's control groups. With no lock held.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

from virtloom.errors import ErrorDomain, system_error
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.command.block.reservations import MANAGED, is_managed, socket_name
from virtloom_qemu.helpers.serving import Helper
from virtloom_qemu.process.paths import NAME_MAX

if TYPE_CHECKING:
    from virtloom_qemu.helpers.helpers import Setting


def helpers_of(live: Domain, setting: Setting, stack: ExitStack) -> Iterator[Helper]:
    """The program of a guest that has such disks.

    :raises VirtError: SYSTEM_ERROR if there is no such program.
    """
    if not any(is_managed(disk.node("disk")) for disk in live.parts.disks):
        return
    program, socket = setting.settings.pr_helper, setting.paths.folder / socket_name()
    if not os.access(program, os.X_OK):
        missing = FileNotFoundError(2, os.strerror(2))
        raise system_error(missing, f"'{program}' is not a suitable pr helper", ErrorDomain.QEMU)
    socket.unlink(missing_ok=True)
    yield Helper(
        alias=MANAGED,
        name="pr helper",
        title="pr helper",
        argv=[program, "-k", str(socket)],
        mark=f"{setting.paths.folder}/{MANAGED}",
        pid_file=setting.host.dirs.runtime / f"{setting.number}-{live.name[:NAME_MAX]}-{MANAGED}.pid",
        log=setting.paths.log.with_name(f"{live.name}-{MANAGED}.log"),
        socket=socket,
    )
