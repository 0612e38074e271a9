"""A guest's consoles, channels and displays, opened by clients."""

from __future__ import annotations

import socket
from pathlib import Path

from virtloom.driver import DriverHost, Stream
from virtloom.driver.constants.domain import DomainChannelFlags, DomainConsoleFlags
from virtloom.driver.handles import DomainHandle
from virtloom.driver.terminals import ChannelEnd, Sessions, TerminalEnd
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import JobKind
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import CharDevice
from virtloom_qemu.domains.base import DomainsBase


class Terminals(DomainsBase):
    """The calls that open a guest's devices."""

    def __init__(self, host: DriverHost) -> None:
        super().__init__(host)
        self._sessions = Sessions(host.locks)

    def domain_open_console(self, dom: DomainHandle, dev_name: str | None, flags: int, stream: Stream) -> None:
        """`virDomainOpenConsole`: a pseudo-terminal of the guest's, by its alias, or the first."""
        known = DomainConsoleFlags.SAFE | DomainConsoleFlags.FORCE
        self._check_flags(flags, known, "DomainOpenConsole")
        with self._reading(dom) as state:
            state.require_active()
            live = state.definition
        device = _console(live, dev_name)
        if device is None:
            raise VirtError(ErrorCode.INTERNAL_ERROR, f"cannot find character device {dev_name or '<null>'}")
        if device.type != "pty" or not device.source:
            detail = f"character device {dev_name or _alias(device)} is not using a PTY"
            raise VirtError(ErrorCode.INTERNAL_ERROR, detail)
        path = device.source[0].get("path") or ""
        force = bool(flags & DomainConsoleFlags.FORCE)
        end = self._sessions.open(path, lambda closed: TerminalEnd(path, closed), force=force, what="console")
        end.attach(stream)

    def domain_open_channel(self, dom: DomainHandle, name: str | None, flags: int, stream: Stream) -> None:
        """`virDomainOpenChannel`: a channel by its target's name or its alias, or the first."""
        self._check_flags(flags, DomainChannelFlags.FORCE, "DomainOpenChannel")
        with self._reading(dom) as state:
            state.require_active()
            channels = state.definition.parts.channels
        wanted = (one for one in channels if name is None or name in (_alias(one), one.target and one.target.name))
        device = next(wanted, None)
        if device is None:
            raise VirtError(ErrorCode.INTERNAL_ERROR, f"cannot find channel {name or '<null>'}")
        if device.type != "unix" or not device.source:
            raise VirtError(ErrorCode.INTERNAL_ERROR, f"channel {name or _alias(device)} is not using a UNIX socket")
        path = Path(device.source[0].get("path") or "")
        force = bool(flags & DomainChannelFlags.FORCE)
        end = self._sessions.open(str(path), lambda closed: ChannelEnd(path, closed), force=force, what="channel")
        end.attach(stream)

    # Displays: the client's end of a socket pair is handed to QEMU as if it had connected to the display.

    def domain_open_graphics_fd(self, dom: DomainHandle, idx: int, flags: int) -> tuple[int]:
        """`virDomainOpenGraphicsFD`: a socket that is connected to a display."""
        self._check_flags(flags, 1, "DomainOpenGraphicsFD")
        with self._talking(dom, JobKind.QUERY) as talk:
            with talk.state() as state:
                displays = state.definition.parts.graphics
            if idx >= len(displays):
                detail = f"No graphics backend with index {idx}"
                raise VirtError(ErrorCode.INTERNAL_ERROR, detail)
            kind = displays[idx].type
            if kind not in ("vnc", "spice"):
                raise VirtError(ErrorCode.INTERNAL_ERROR, "Can only open VNC or SPICE graphics backends, not " + kind)
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
            with theirs:
                talk.ask("getfd", fdname="graphicsfd", fds=[theirs.fileno()])
                talk.ask("add_client", protocol=kind, fdname="graphicsfd", skipauth=bool(flags & 1))
        return (ours.detach(),)


def _alias(device: CharDevice) -> str | None:
    return device.alias.get("name") if device.alias is not None else None


def _console(live: Domain, name: str | None) -> CharDevice | None:
    """The device that is meant: the one with that alias, or the first console or serial port."""
    parts = live.parts
    every = [*parts.consoles, *parts.serials, *parts.parallels]
    if name is None:
        return (parts.consoles or parts.serials or (None,))[0]
    return next((one for one in every if _alias(one) == name), None)
