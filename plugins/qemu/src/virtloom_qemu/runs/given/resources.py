"""What a run is given of the host: the key for its secrets, the files of its character devices, ports for its displays.

What is opened here is passed to the process and closed in the daemon; what is written here is in the run's own folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from virtloom.errors import ErrorCode, VirtError, system_error
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import CharDevice
from virtloom_qemu.command.devices.interfaces import TAPS
from virtloom_qemu.runs.given.listening import listening

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

    def arguments(self, argv: Sequence[str]) -> list[str]:
        """A command line with the options for the sets, each ahead of the option that opens it."""
        made: list[str] = []
        for option, value in zip(["", *argv], argv, strict=False):
            for path, added in self.sets.items():
                if option == "-chardev" and f"={path}," in f"{value},":
                    made[-1:] = ["-add-fd", added, "-chardev"]
            made.append(value)
        return made


@contextmanager
def given(live: Domain, folder: Path, monitor: Path) -> Iterator[Resources]:
    """Open and write what a run needs, for the length of a block in which its process is started.

    :param folder: the run's own; :param monitor: where its monitor is to listen.
    :raises VirtError: SYSTEM_ERROR for what cannot be opened or written.
    """
    made = Resources()
    write_key(folder)
    with ExitStack() as stack:
        socket = stack.enter_context(listening(monitor))
        made.fds.append(socket.fileno())
        made.descriptors["charmonitor"] = (str(socket.fileno()),)
        for device in devices_with_files(live):
            _open_files(device, made, stack)
        yield made


def refuse_unconnected(definition: Domain) -> None:
    """Refuse a start whose guest would lack an end on the host that nobody makes for it yet.

    :raises VirtError: CONFIG_UNSUPPORTED for an interface on a bridge, a network or a device of the host's.
    """
    for one in definition.parts.interfaces:
        if one.type in TAPS:
            detail = f"interfaces of type '{one.type}' are not connected to the host yet; type 'user' is"
            raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail)


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


def _open_files(device: CharDevice, made: Resources, stack: ExitStack) -> None:
    alias = (device.alias.get("name") if device.alias is not None else None) or ""
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
