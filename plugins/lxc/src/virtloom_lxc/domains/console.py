"""Consoles, as a stream that goes both ways."""

from __future__ import annotations

from virtloom.driver import Stream
from virtloom.driver.handles import DomainHandle
from virtloom.driver.terminals import TerminalEnd
from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import CharDevice
from virtloom_lxc.domains.base import ContainersBase


class Consoles(ContainersBase):
    """The call that opens one."""

    def domain_open_console(self, dom: DomainHandle, dev_name: str | None, flags: int, stream: Stream) -> None:
        """`virDomainOpenConsole`"""
        self._check_flags(flags, 0, "DomainOpenConsole")
        with self._reading(dom) as state:
            state.require_active()
            console = _console(state.definition, dev_name)
        path = next((one.get("path") for one in console.source), None)
        if console.type != "pty" or path is None:
            shown = dev_name or (console.alias.get("name") if console.alias is not None else None)
            raise VirtError(ErrorCode.INTERNAL_ERROR, f"character device {shown} is not using a PTY")
        TerminalEnd(path).attach(stream)


def _console(definition: Domain, alias: str | None) -> CharDevice:
    """The console of an alias, or the first."""
    for one in definition.parts.consoles:
        if alias is None or (one.alias is not None and one.alias.get("name") == alias):
            return one
    raise VirtError(ErrorCode.INTERNAL_ERROR, f"cannot find console device '{alias or 'default'}'")
