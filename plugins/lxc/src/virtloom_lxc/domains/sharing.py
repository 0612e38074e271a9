"""Namespaces that containers share: with another container, a process, or a network that has a name."""

from __future__ import annotations

import os
from pathlib import Path

from virtloom.driver.constants.domain_state import DomainState
from virtloom.driver.handles import DomainHandle
from virtloom.errors import ErrorCode, VirtError, system_error
from virtloom.xmldef.domain.definition import Domain
from virtloom_lxc.domains.base import ContainersBase
from virtloom_lxc.links import making
from virtloom_lxc.rules import shares

KERNEL_NAMES = {"sharenet": "net", "shareipc": "ipc", "shareuts": "uts"}
ALL = ("user", "ipc", "uts", "net", "pid", "mnt")  # the order in which clients enter them
NETNS = Path("/run/netns")  # ip-netns(8)


class Sharing(ContainersBase):
    """How a container comes into somebody else's namespaces, and clients into a container's."""

    def _shared(self, definition: Domain) -> dict[str, str]:
        """The namespaces that a definition shares, as paths by the kernel's names.

        :raises VirtError: NO_DOMAIN, OPERATION_INVALID, CONFIG_UNSUPPORTED or SYSTEM_ERROR.
        """
        if "sharenet" in shares(definition) and (definition.parts.interfaces or any(making.passed(definition))):
            detail = "a container that shares a network has no interfaces of its own"
            raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail)
        return {
            KERNEL_NAMES[name]: str(self._shared_one(name, kind, value))
            for name, (kind, value) in shares(definition).items()
        }

    def _shared_one(self, name: str, kind: str, value: str) -> Path:
        if kind == "netns":
            if name != "sharenet":
                detail = "'netns' namespace source can only be used with sharenet"
                raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail)
            return _present(NETNS / value, f"failed to open netns {value}")
        pid = self._init_of(value) if kind == "name" else value
        return _present(Path(f"/proc/{pid}/ns/{KERNEL_NAMES[name]}"), f"failed to open ns {name}")

    def domain_open_namespace(self, dom: DomainHandle, flags: int) -> list[int]:
        """`virDomainLxcOpenNamespace`: descriptors of init's namespaces, which the caller enters one by one."""
        self._check_flags(flags, 0, "DomainLxcOpenNamespace")
        with self._reading(dom) as state:
            state.running()
            if state.state == DomainState.PAUSED:
                detail = "domain is paused, and whoever enters it is stopped as well until it is resumed"
                raise VirtError(ErrorCode.OPERATION_INVALID, detail)
            init = state.id
        opened: list[int] = []
        try:
            for name in ALL:
                opened.append(os.open(f"/proc/{init}/ns/{name}", os.O_RDONLY | os.O_CLOEXEC))
        except OSError as error:
            for descriptor in opened:
                os.close(descriptor)
            raise system_error(error, f"failed to open namespaces of init {init}") from error
        return opened

    def _init_of(self, name: str) -> str:
        found = self.domains.find_name(name)
        if found is None:
            raise VirtError(ErrorCode.NO_DOMAIN, f"No domain with matching name '{name}'")
        with found.locked() as state:
            state.running()
            return str(state.id)


def _present(path: Path, detail: str) -> Path:
    try:
        os.stat(path)
    except OSError as error:
        raise system_error(error, detail) from error
    return path
