"""Namespaces that containers share: with another container, a process, or a network that has a name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from virtloom.driver.constants.domain_state import DomainState
from virtloom.driver.handles import DomainHandle
from virtloom.errors import ErrorCode, VirtError, system_error
from virtloom.xmldef.domain.definition import Domain
from virtloom_lxc.container.processes import held
from virtloom_lxc.container.run import Run
from virtloom_lxc.domains.base import ContainersBase
from virtloom_lxc.links import making
from virtloom_lxc.rules import shares

KERNEL_NAMES = {"sharenet": "net", "shareipc": "ipc", "shareuts": "uts"}
# The order in which clients enter them: users last, whose root may not enter a network of the host's.
ALL = ("ipc", "uts", "net", "pid", "mnt", "user")
NETNS = Path("/run/netns")  # ip-netns(8)


class Sharing(ContainersBase):
    """How a container comes into somebody else's namespaces, and clients into a container's."""

    @contextmanager
    def _shared(self, definition: Domain) -> Iterator[dict[str, int]]:
        """The namespaces that a definition shares, as descriptors by the kernel's names.

        They are open until the container has them, and its reboots use them too: what is shared is what was looked at,
        whoever gets the pid of its process later.

        :raises VirtError: NO_DOMAIN, OPERATION_INVALID, CONFIG_UNSUPPORTED or SYSTEM_ERROR.
        """
        if "sharenet" in shares(definition) and (definition.parts.interfaces or any(making.passed(definition))):
            detail = "a container that shares a network has no interfaces of its own"
            raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail)
        with ExitStack() as opened:
            found = {}
            for name, (kind, value) in shares(definition).items():
                found[KERNEL_NAMES[name]] = self._shared_one(name, kind, value)
                opened.callback(os.close, found[KERNEL_NAMES[name]])
            yield found

    def _shared_one(self, name: str, kind: str, value: str) -> int:
        if kind == "netns":
            if name != "sharenet":
                detail = "'netns' namespace source can only be used with sharenet"
                raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail)
            return _opened(NETNS / value, f"failed to open netns {value}")
        detail, place = f"failed to open ns {name}", f"ns/{KERNEL_NAMES[name]}"
        if kind == "pid":
            return _opened(Path(f"/proc/{value}") / place, detail)
        init, run = self._init_of(value)
        try:
            with held(init, run.group) as process:
                return process.open(place)
        except OSError as error:
            raise system_error(error, detail) from error

    def domain_open_namespace(self, dom: DomainHandle, flags: int) -> list[int]:
        """`virDomainLxcOpenNamespace`: descriptors of init's namespaces, which the caller enters one by one."""
        self._check_flags(flags, 0, "DomainLxcOpenNamespace")
        with self._reading(dom) as state:
            run = state.running()
            if state.state == DomainState.PAUSED:
                detail = "domain is paused, and whoever enters it is stopped as well until it is resumed"
                raise VirtError(ErrorCode.OPERATION_INVALID, detail)
            init = state.id
        opened: list[int] = []
        try:
            with held(init, run.group) as process:
                for name in ALL:
                    opened.append(process.open(f"ns/{name}"))
        except OSError as error:
            for descriptor in opened:
                os.close(descriptor)
            raise system_error(error, f"failed to open namespaces of init {init}") from error
        return opened

    def _init_of(self, name: str) -> tuple[int, Run]:
        found = self.domains.find_name(name)
        if found is None:
            raise VirtError(ErrorCode.NO_DOMAIN, f"No domain with matching name '{name}'")
        with found.locked() as state:
            return state.id, state.running()


def _opened(path: Path, detail: str) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise system_error(error, detail) from error
