"""What a guest may use of the host's memory, processors and disks: its control groups, and what is kept."""

from __future__ import annotations

import os
from collections.abc import Sequence

from virtloom.driver.cgroups import Group, memory
from virtloom.driver.cgroups import blkio as blkio_files
from virtloom.driver.constants.domain import DomainModificationImpact as Impact
from virtloom.driver.domains.tunables import BLKIO, MEMORY, STRING_OKAY
from virtloom.driver.handles import DomainHandle
from virtloom.driver.params import TypedParam
from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.tunables import memory_limits, with_blkio
from virtloom.xmldef.domain.tunables.blkio import FIELDS
from virtloom_qemu.domains.base import DomainsBase
from virtloom_qemu.runs.state import Run

BOTH = Impact.LIVE | Impact.CONFIG
NO_MEMORY = "cgroup memory controller is not mounted"
NO_BLKIO = "blkio cgroup isn't mounted"


def refuse_session(what: str, code: ErrorCode) -> None:
    """Refuse to tune a session's guests, which have no control groups.

    :raises VirtError: of that code.
    """
    if os.geteuid() != 0:
        raise VirtError(code, f"{what} is not available in session mode")


def group_of(run: Run | None, controller: str, missing: str) -> Group:
    """The control group of a run.

    :raises VirtError: OPERATION_INVALID with those words if the host does not have that controller.
    """
    if run is None or run.groups is None:
        raise VirtError(ErrorCode.OPERATION_INVALID, missing)
    run.groups.whole.require(controller, missing)
    return run.groups.whole


class Limits(DomainsBase):
    """The calls for memory and the host's disks."""

    def _kept_or_live(self, dom: DomainHandle, flags: int) -> tuple[Domain, Run | None, bool]:
        """The definition that the flags choose, the run, and whether it is the run that is asked about."""
        with self._reading(dom) as state:
            return state.chosen(flags), state.run, state.impact(flags) == Impact.LIVE

    # Memory.

    def domain_get_memory_parameters(self, dom: DomainHandle, flags: int) -> list[TypedParam]:
        """`virDomainGetMemoryParameters`, in KiB."""
        self._check_flags(flags & ~STRING_OKAY, BOTH, "DomainGetMemoryParameters")
        refuse_session("Memory tuning", ErrorCode.OPERATION_UNSUPPORTED)
        definition, run, live = self._kept_or_live(dom, flags)
        if not live:
            return MEMORY.told(definition)
        return MEMORY.tell(memory.limits(group_of(run, "memory", NO_MEMORY)))

    def domain_set_memory_parameters(self, dom: DomainHandle, params: Sequence[TypedParam], flags: int) -> None:
        """`virDomainSetMemoryParameters`, in KiB."""
        self._check_flags(flags, BOTH, "DomainSetMemoryParameters")
        given = {name: int(value) for name, value in MEMORY.checked(params).items()}
        refuse_session("Memory tuning", ErrorCode.OPERATION_UNSUPPORTED)
        with self._altering(dom, flags) as change:
            if change.config is not None:
                change.config = MEMORY.changed(change.config, given)
            if change.live is not None:
                group = group_of(change.talk.run, "memory", NO_MEMORY)
                memory.set_limits(group, memory_limits(change.live), given)
                change.live = MEMORY.changed(change.live, given)

    # The host's disks.

    def domain_get_blkio_parameters(self, dom: DomainHandle, flags: int) -> list[TypedParam]:
        """`virDomainGetBlkioParameters`"""
        self._check_flags(flags & ~STRING_OKAY, BOTH, "DomainGetBlkioParameters")
        refuse_session("Block I/O tuning", ErrorCode.CONFIG_UNSUPPORTED)
        definition, run, live = self._kept_or_live(dom, flags)
        told = dict(BLKIO.read(definition))
        if live:
            group = group_of(run, "blkio", NO_BLKIO)
            told["weight"] = int(group.read(blkio_files.weight_file(group)).split()[-1])
        return BLKIO.tell(told)

    def domain_set_blkio_parameters(self, dom: DomainHandle, params: Sequence[TypedParam], flags: int) -> None:
        """`virDomainSetBlkioParameters`"""
        self._check_flags(flags, BOTH, "DomainSetBlkioParameters")
        given = BLKIO.checked(params)
        refuse_session("Block I/O tuning", ErrorCode.CONFIG_UNSUPPORTED)
        with self._altering(dom, flags) as change:
            if change.config is not None:
                change.config = BLKIO.changed(change.config, given)
            if change.live is not None:
                group = group_of(change.talk.run, "blkio", NO_BLKIO)
                weight, devices = with_blkio(change.live, given)
                if "weight" in given:
                    group.write(blkio_files.weight_file(group), weight)
                blkio_files.change(group, devices, [field for name, field in FIELDS.items() if name in given])
                change.live = BLKIO.changed(change.live, given)
