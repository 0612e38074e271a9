"""Shared folders over virtio: one `virtiofsd` for each, which runs as root since it acts for all of the guest's users.

It is given the socket that it is met at, which listens already. With no lock held.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.command.devices.filesystems import socket_name
from virtloom_qemu.command.values import is_virtiofs
from virtloom_qemu.helpers.serving import Helper
from virtloom_qemu.process.paths import NAME_MAX
from virtloom_qemu.runs.given.listening import listening

if TYPE_CHECKING:
    from virtloom_qemu.helpers.helpers import Setting

# Options that are on or off, and where a definition says which.
SWITCHES = (("xattr", "binary", "xattr"), ("flock", "binary/lock", "flock"), ("posix_lock", "binary/lock", "posix"))


def helpers_of(live: Domain, setting: Setting, stack: ExitStack) -> Iterator[Helper]:
    """The servers of a guest's folders, but for those that somebody else runs.

    :raises VirtError: INTERNAL_ERROR for a program or a folder that is not there, SYSTEM_ERROR.
    """
    for device in live.parts.filesystems:
        if is_virtiofs(device) and device.value("source", "socket") is None:
            yield _helper(live.name, device, setting, stack)


def _helper(name: str, device: Node, setting: Setting, stack: ExitStack) -> Helper:
    program, folder = device.value("binary", "path") or "", device.value("source", "dir") or ""
    if not (os.path.isfile(program) and os.access(program, os.X_OK)):
        raise _internal(f"virtiofsd binary '{program}' is not executable")
    if not os.path.exists(folder):
        raise _internal(f"the virtiofs export directory '{folder}' does not exist")
    alias, paths = device.value("alias", "name") or "", setting.paths
    socket = paths.folder / socket_name(alias)
    listener = stack.enter_context(listening(socket)).fileno()
    return Helper(
        alias=alias,
        name="virtiofsd",
        title="virtiofsd",
        argv=[program, f"--fd={listener}", "-o", options(device, folder), *_threads(device)],
        mark=f"{paths.folder}/{alias}",
        pid_file=setting.host.dirs.runtime / f"{setting.number}-{name[:NAME_MAX]}-{alias}-fs.pid",
        log=paths.log.with_name(f"{name}-{alias}-virtiofsd.log"),
        socket=socket,
        fds=(listener,),
    )


def options(device: Node, folder: str) -> str:
    """What a server is told (`qemuVirtioFSBuildCommandLine`)."""
    # libvirt doubles commas, as QEMU wants them; the program is one of FUSE's, whose options have them escaped.
    made = ["source=" + folder.replace("\\", r"\\").replace(",", r"\,")]
    for name in ("cache", "sandbox"):
        mode = device.value(f"binary/{name}", "mode")
        made += [f"{name}={mode}"] if mode is not None else []
    for option, element, attribute in SWITCHES:
        switch = device.value(element, attribute)
        made += [] if switch is None else [option if switch == "on" else f"no_{option}"]
    return ",".join(made)


def _threads(device: Node) -> list[str]:
    size = device.value("binary/thread_pool", "size")
    return [] if size is None or int(size) < 0 else [f"--thread-pool-size={size}"]


def _internal(detail: str) -> VirtError:
    return VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.QEMU)
