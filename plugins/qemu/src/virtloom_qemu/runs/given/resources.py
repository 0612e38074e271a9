"""What a run is given of the host: the key for its secrets, the files of its character devices, ports for its displays.

What is opened here is passed to the process and closed in the daemon; what is written here is in the run's own folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from virtloom.errors import system_error
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import CharDevice, Hostdev, Interface
from virtloom_qemu.runs.given.hostdevs import open_vhost_scsi
from virtloom_qemu.runs.given.interfaces import Connection, open_vdpa
from virtloom_qemu.runs.given.listening import listening
from virtloom_qemu.runs.given.secrets import in_memory

KEY_SIZE = 32  # bytes of the key that a run's secrets are encrypted with (QEMU_DOMAIN_MASTER_KEY_LEN)
KINDS = ("serials", "parallels", "channels", "consoles")


class Resources:
    """What one run is given.

    :ivar descriptors: how the command line names them, by what they are for (`Context.descriptors`).
    :ivar fds: descriptors to pass to the process.
    :ivar sets: options that put descriptors into sets, by the path that QEMU opens (`-add-fd`).
    """

    def __init__(self) -> None:
        self.descriptors: dict[str, tuple[str, ...]] = {}
        self.fds: list[int] = []
        self.sets: dict[str, str] = {}

    def pass_set(self, name: str, fd: int, source: str) -> None:
        """Pass a descriptor that QEMU opens by a path.

        :param name: of the character device; :param source: a word that says what it is, for who looks.
        """
        path = f"/dev/fdset/{len(self.sets)}"
        self.sets[path] = f"set={len(self.sets)},fd={fd},opaque={source}"
        self.descriptors[name] = (path,)
        self.fds.append(fd)

    def pass_connection(self, alias: str, connection: Connection) -> None:
        """Pass the descriptors of an interface's end on the host."""
        for name, opened in ((alias, connection.taps), (f"vhost-{alias}", connection.vhosts)):
            if opened:
                self.descriptors[name] = tuple(str(one) for one in opened)
                self.fds += opened

    def arguments(self, argv: Sequence[str]) -> list[str]:
        """A command line with the options for the sets, each ahead of the option that opens it."""
        made: list[str] = []
        for option, value in zip(["", *argv], argv, strict=False):
            for path, added in self.sets.items():
                if option in ("-chardev", "-netdev") and (f"={path}," in f"{value}," or f'"{path}"' in value):
                    made[-1:] = ["-add-fd", added, option]
            made.append(value)
        return made


@contextmanager
def given(
    live: Domain,
    folder: Path,
    monitor: Path,
    connections: Sequence[Connection] = (),
    secrets: Mapping[str, bytes] | None = None,
    opened: Mapping[str, int] | None = None,
) -> Iterator[Resources]:
    """Open and write what a run needs, for the length of a block in which its process is started.

    :param folder: the run's own; :param monitor: where its monitor is to listen.
    :param connections: what its interfaces are connected to, in their order; :param secrets: values, by name.
    :param opened: descriptors that are open already, by the aliases of the devices that they are for.
    :raises VirtError: SYSTEM_ERROR for what cannot be opened or written.
    """
    made = Resources()
    write_key(folder)
    with ExitStack() as stack:
        socket = stack.enter_context(listening(monitor))
        made.fds.append(socket.fileno())
        made.descriptors["charmonitor"] = (str(socket.fileno()),)
        for device in devices_with_files(live):
            open_files(device, made, stack)
        for one, connection in zip(live.parts.interfaces, connections, strict=False):
            made.pass_connection(_alias(one), connection)
            if one.type == "vdpa":
                descriptor = open_vdpa(one)
                stack.callback(os.close, descriptor)
                made.pass_set(_alias(one), descriptor, f"{_alias(one)}-vdpa")
        for adapter in (one for one in live.parts.hostdevs if one.type == "scsi_host"):
            descriptor = open_vhost_scsi()
            stack.callback(os.close, descriptor)
            made.descriptors[_alias(adapter)] = (str(descriptor),)
            made.fds.append(descriptor)
        for name, descriptor in (opened or {}).items():
            made.descriptors[name] = (str(descriptor),)
            made.fds.append(descriptor)
        for name, descriptor in in_memory(secrets or {}).items():
            stack.callback(os.close, descriptor)
            made.descriptors[name] = (str(descriptor),)
            made.fds.append(descriptor)
        yield made


def write_key(folder: Path) -> None:
    """Write a new key for a run's secrets.

    :raises VirtError: SYSTEM_ERROR.
    """
    path = folder / "master-key.aes"
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(KEY_SIZE))
    except OSError as error:
        raise system_error(error, f"failed to open domain master key file for write: {path}") from error


def devices_with_files(live: Domain) -> Iterator[CharDevice]:
    """The character devices that have ends of their own; a console that is a serial port has that one's."""
    for kind in KINDS:
        for device in getattr(live.parts, kind):
            if kind != "consoles" or device.target is None or device.target.type != "serial":
                yield device


def _alias(device: CharDevice | Interface | Hostdev) -> str:
    return (device.alias.get("name") if device.alias is not None else None) or ""


def open_files(device: CharDevice, made: Resources, stack: ExitStack) -> None:
    """Open the files that a character device writes to, until the stack is unwound, and have them passed.

    :raises VirtError: SYSTEM_ERROR.
    """
    alias = _alias(device)
    source = device.source[0] if device.source else Node("source")
    if device.type == "file":
        made.pass_set(f"char{alias}", _opened(source.get("path"), source.get("append"), stack), f"{alias}-source")
    if device.log is not None and device.log.get("file") is not None:
        made.pass_set(
            f"char{alias}-log", _opened(device.log.get("file"), device.log.get("append"), stack), f"{alias}-log"
        )


def _opened(path: str | None, append: str | None, stack: ExitStack) -> int:
    """A file for what a guest says; emptied unless it is to be appended to."""
    flags = os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | (0 if append == "on" else os.O_TRUNC)
    try:
        descriptor = os.open(path or "", flags, 0o600)
    except OSError as error:
        raise system_error(error, f"Unable to open file {path}") from error
    stack.callback(os.close, descriptor)
    return descriptor
