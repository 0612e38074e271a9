"""Where threads may run on the host (sched_setaffinity(2)), and what a definition says of it."""

from __future__ import annotations

import os

from virtloom.driver.node import topology
from virtloom.errors import ErrorDomain, system_error
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.processors import Cpus, emulator_pin, pins_of, vcpu_part


def affinity(thread: int) -> Cpus:
    """Where a thread may run.

    :raises VirtError: SYSTEM_ERROR if it is gone.
    """
    try:
        return frozenset(os.sched_getaffinity(thread))
    except OSError as error:
        raise system_error(error, f"cannot get CPU affinity of process {thread}", ErrorDomain.NONE) from error


def set_affinity(thread: int, where: Cpus) -> None:
    """Have a thread run nowhere else.

    :raises VirtError: SYSTEM_ERROR.
    """
    try:
        os.sched_setaffinity(thread, where)
    except OSError as error:
        raise system_error(error, f"cannot set CPU affinity on process {thread}", ErrorDomain.NONE) from error


def place_of(definition: Domain, number: int) -> Cpus:
    """Where a processor of a guest may run: as it is pinned, as the definition says of all, or anywhere."""
    return pins_of(definition).get(number) or anywhere(definition)


def emulator_place(definition: Domain) -> Cpus:
    """Where the emulator may run."""
    return emulator_pin(definition) or anywhere(definition)


def anywhere(definition: Domain) -> Cpus:
    """Where threads may run of which nothing else is said."""
    return vcpu_part(definition).cpuset or topology.online()
