"""The control groups of a run: one for all of it, and below that one for each processor, IO thread and for the rest.

A host without control groups, or one that lets the daemon make none, runs guests without; what a definition asks of
them is then refused. With no lock held.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import NamedTuple

from virtloom.driver.cgroups import File, Group, Hierarchy, blkio, host_hierarchy
from virtloom.driver.cgroups.files import CPU_SHARES, CPUS, MEMORY, MEMORY_SOFT, MEMORY_SWAP, MEMS
from virtloom.driver.cgroups.nesting import THREADED, WHOLE, make, make_for_threads, move, move_thread
from virtloom.driver.files.journal import Journal
from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.processors import Cpus, emulator_pin, pins_of, vcpu_part
from virtloom.xmldef.domain.tunables import cpu_tunables, memory_limits
from virtloom.xmldef.values import cpus
from virtloom_qemu.process.affinity import set_affinity

PARTITION = "/machine"
TOPS = ("machine", "user", "system")  # partitions that are called as they are
NAME_MAX = 64  # bytes of a group's name that a guest's name may take
REMOVE_WITHIN = 5.0  # seconds for the kernel to let go of a group whose process ended
POLICIES = {"fifo": os.SCHED_FIFO, "rr": os.SCHED_RR, "batch": os.SCHED_BATCH, "idle": os.SCHED_IDLE}


class Threads(NamedTuple):
    """A kind of threads: what its groups, pins and limits are called.

    :ivar pin: the element that pins one; :ivar number: the attribute that says which.
    :ivar prefix: of its limits' names.
    """

    group: str
    pin: str
    number: str | None
    sched: str
    numbers: str
    prefix: str


EMULATOR = Threads("emulator", "emulatorpin", None, "emulatorsched", "", "emulator_")
VCPU = Threads("vcpu", "vcpupin", "vcpu", "vcpusched", "vcpus", "")
IOTHREAD = Threads("iothread", "iothreadpin", "iothread", "iothreadsched", "iothreads", "iothread_")


class GuestGroups:
    """The groups of one run.

    :param path: the path of the group of all of it, below each mount; kept, so that a restarted daemon finds it.
    """

    def __init__(self, path: str, hierarchy: Hierarchy | None = None) -> None:
        self.path = path
        self.hierarchy = hierarchy or host_hierarchy()
        self.whole = Group(self.hierarchy, path)

    @classmethod
    @contextmanager
    def made(cls, definition: Domain, number: int, journal: Journal) -> Iterator[GuestGroups | None]:
        """The groups of a run that begins; if the block raises, they are removed.

        :param journal: is told of the group before it is made.
        :raises VirtError: CONFIG_UNSUPPORTED if there can be none, but the definition asks for them.
        """
        groups = cls.make(definition, number, journal)
        try:
            require(groups, definition)
            yield groups
        except BaseException:
            if groups is not None:
                groups.remove()
            raise

    @classmethod
    def make(cls, definition: Domain, number: int, journal: Journal) -> GuestGroups | None:
        """The groups of a run that begins; None where the daemon may make none."""
        partition = "/".join(_escaped(part) for part in partition_of(definition).strip("/").split("/"))
        hierarchy = host_hierarchy()
        if os.geteuid() != 0 or not any(hierarchy.version(name) for name in WHOLE):
            return None
        name = f"qemu-{number}-{_plain(definition.name)}"
        for attempt in count(1):
            path = f"{partition}/{name}{f'-{attempt}' if attempt > 1 else ''}.libvirt-qemu"
            made = cls(path, hierarchy)
            if made.whole.exists():
                continue  # another daemon's guest has that name and number
            journal.add("group", path=path)
            try:
                make(hierarchy, path)
            except FileExistsError:
                continue
            except OSError:
                made.remove()
                return None
            return made
        raise AssertionError("there are always more names")

    def threads(self, kind: Threads, number: int | None = None) -> Group:
        """The group of some threads."""
        return Group(self.hierarchy, f"{self._above}/{kind.group}{'' if number is None else number}")

    @property
    def _above(self) -> str:
        """The group that those of threads are in."""
        return self.path if self.hierarchy.version("cpu") == 1 else f"{self.path}/libvirt"

    def begin(self, definition: Domain, pid: int) -> None:
        """Put a process into its group, with the limits of its definition.

        :raises VirtError: SYSTEM_ERROR if the kernel refuses one.
        """
        try:
            if self._above != self.path:
                make(self.hierarchy, self._above)
        except OSError as error:
            raise system_error(error, f"Unable to create cgroup '{self._above}'", ErrorDomain.CGROUP) from error
        for setting, value in (*memory(definition), *blkio.settings(definition, self.whole)):
            self.whole.write(setting, value)
        tune = cpu_tunables(definition)
        if "shares" in tune:
            self.whole.write(CPU_SHARES, tune["shares"])
        self.whole.set_bandwidth(tune.get("global_period", 0), tune.get("global_quota", 0))
        move(self.hierarchy, self.path if self._above == self.path else self._above, pid)
        self.put(definition, EMULATOR, None, pid)
        if self.hierarchy.version("cpu") == 1:
            move(self.hierarchy, self.threads(EMULATOR).path, pid, THREADED)

    def join(self, pid: int) -> None:
        """Put a process beside that of the guest which helps it, where the guest's own threads are.

        :raises VirtError: SYSTEM_ERROR if the kernel refuses.
        """
        move(self.hierarchy, self.path if self._above == self.path else self._above, pid)
        move(self.hierarchy, self.threads(EMULATOR).path, pid, THREADED)

    def put(self, definition: Domain, kind: Threads, number: int | None, thread: int) -> None:
        """Put one thread into a group of its own, with the limits of its definition.

        :raises VirtError: SYSTEM_ERROR if the kernel refuses.
        """
        group = self.threads(kind, number)
        try:
            make_for_threads(self.hierarchy, group.path)
        except OSError as error:
            raise system_error(error, f"Unable to create cgroup '{group.path}'", ErrorDomain.CGROUP) from error
        processors, nodes = pinned(definition, kind, number), nodes_of(definition)
        if processors is not None and self.hierarchy.version("cpuset"):
            group.write(CPUS, cpus.format(processors))
        if nodes is not None and self.hierarchy.version("cpuset"):
            group.write(MEMS, nodes)
        tune = cpu_tunables(definition)
        group.set_bandwidth(tune.get(f"{kind.prefix}period", 0), tune.get(f"{kind.prefix}quota", 0))
        move_thread(self.hierarchy, group.path, thread)

    def remove(self) -> None:
        """Remove the groups; the kernel may still be busy with a process that has just ended."""
        self.whole.remove(REMOVE_WITHIN)


def partition_of(definition: Domain) -> str:
    """Below which group a guest's is (`<resource><partition>`)."""
    named = definition.resource.find("partition") if definition.resource is not None else None
    return (named.text.strip() if named is not None else "") or PARTITION


def with_partition(definition: Domain) -> Domain:
    """A definition that says which partition it is in."""
    if definition.resource is not None:
        return definition
    resource = Node("resource")
    resource.add("partition", text=PARTITION)
    return definition.replace(resource=resource)


def memory(definition: Domain) -> Iterator[tuple[File, str]]:
    """The limits of a guest's memory, which QEMU's own counts in; there are none unless it says so."""
    files = {"hard_limit": MEMORY, "soft_limit": MEMORY_SOFT, "swap_hard_limit": MEMORY_SWAP}
    for name, kib in memory_limits(definition).items():
        yield files[name], f"{kib}K"


def pinned(definition: Domain, kind: Threads, number: int | None) -> Cpus | None:
    """The host's processors that threads may run on; None if any."""
    if kind.number is None:
        own = emulator_pin(definition)
    else:
        own = pins_of(definition, kind.pin, kind.number).get(number or 0)
    return own or vcpu_part(definition).cpuset


def nodes_of(definition: Domain) -> str | None:
    """The host's nodes that all of a guest's memory has to be on."""
    node = definition.numatune.find("memory") if definition.numatune is not None else None
    return node.get("nodeset") if node is not None and node.get("mode") in ("strict", "restrictive") else None


def place(groups: GuestGroups | None, definition: Domain, kind: Threads, threads: Mapping[int, int]) -> None:
    """Put threads into groups of their own, pin them, and give them their places in the host's schedule.

    :param groups: the run's; None if it has none.
    :param threads: the host's numbers for them, by the guest's.
    :raises VirtError: SYSTEM_ERROR if the kernel refuses.
    """
    for number, thread in threads.items():
        if groups is not None:
            groups.put(definition, kind, number, thread)
        where = pinned(definition, kind, number)
        if where is not None:
            set_affinity(thread, where)
        _schedule(definition, kind, number, thread)


def pin(groups: GuestGroups | None, kind: Threads, number: int | None, thread: int, where: Cpus) -> None:
    """Have one thread of a run run somewhere else.

    :raises VirtError: SYSTEM_ERROR if the kernel refuses.
    """
    if groups is not None and groups.hierarchy.version("cpuset"):
        group = groups.threads(kind, number)
        if group.exists():
            group.write(CPUS, cpus.format(where))
    set_affinity(thread, where)


def _schedule(definition: Domain, kind: Threads, number: int, thread: int) -> None:
    tune = definition.cputune
    for one in tune.all(kind.sched) if tune is not None else ():
        if number in cpus.parse(one.get(kind.numbers) or ""):
            policy, priority = POLICIES[one.get("scheduler") or "batch"], int(one.get("priority") or 0)
            try:
                os.sched_setscheduler(thread, policy, os.sched_param(priority))
            except OSError as error:
                raise system_error(error, f"Cannot set scheduler parameters for pid {thread}") from error


def require(groups: GuestGroups | None, definition: Domain) -> None:
    """Refuse a definition that asks for limits where there are no groups.

    :raises VirtError: CONFIG_UNSUPPORTED, in libvirt's words.
    """
    if groups is not None:
        return
    tune = cpu_tunables(definition)
    wanted = (
        (memory_limits(definition), "Memory cgroup is not available on this host"),
        (definition.blkiotune, "Block I/O tuning is not available on this host"),
        (tune.get("shares"), "CPU tuning is not available on this host"),
        ([name for name in tune if name != "shares"], "cgroup cpu is required for scheduler tuning"),
    )
    for asked, detail in wanted:
        if asked:
            raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail)


def _escaped(part: str) -> str:
    """A partition's name, which cannot be mistaken for a guest's (`virCgroupPartitionEscape`)."""
    return part if part in TOPS else f"{part}.partition"


def _plain(name: str) -> str:
    """A guest's name, of the characters that a group's may have."""
    kept = "".join(char if char.isascii() and (char.isalnum() or char in "-._") else "" for char in name)
    return kept[:NAME_MAX] or "guest"
