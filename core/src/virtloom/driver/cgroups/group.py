"""A guest's control group: its limits and counters, by names that hide the version.

Assumes: no lock is held by whoever writes here, for the kernel may take its time.
"""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from virtloom.driver.cgroups import files
from virtloom.driver.cgroups.files import File
from virtloom.driver.cgroups.hierarchy import Hierarchy
from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error
from virtloom.xmldef.domain.tunables import UNLIMITED

PERIODS, QUOTAS = (1000, 1_000_000), (1000, 17_592_186_044_415)  # us


class Group:
    """The control group of one guest.

    :param hierarchy: the host's mounts.
    :param path: its path below each mount, without a slash in front.
    """

    def __init__(self, hierarchy: Hierarchy, path: str) -> None:
        self._hierarchy = hierarchy
        self.path = path

    def version(self, controller: str) -> int:
        """The version that a controller is used through; 0 if the host has it not."""
        return self._hierarchy.version(controller)

    def require(self, controller: str, detail: str) -> None:
        """Refuse what needs a controller that the host has not.

        :raises VirtError: OPERATION_INVALID, with libvirt's words for it.
        """
        if not self.version(controller):
            raise VirtError(ErrorCode.OPERATION_INVALID, detail)

    def file(self, setting: File) -> Path:
        """The file of a setting.

        :raises VirtError: SYSTEM_ERROR, as for a file that is not there.
        """
        version = self.version(setting.controller)
        name = setting.unified if version == 2 else setting.legacy
        mount = self._hierarchy.mount(setting.controller)
        if not name or mount is None:
            error = OSError(errno.ENOENT, "")
            raise system_error(error, f"Unable to find cgroup setting '{setting.legacy}'", ErrorDomain.CGROUP)
        return mount / self.path / name

    def has(self, setting: File) -> bool:
        """Whether the kernel offers a setting."""
        try:
            return self.file(setting).exists()
        except VirtError:
            return False

    def read(self, setting: File) -> str:
        """What a file says.

        :raises VirtError: SYSTEM_ERROR.
        """
        path = self.file(setting)
        try:
            return path.read_text().strip()
        except OSError as error:
            raise system_error(error, f"Unable to read from '{path}'", ErrorDomain.CGROUP) from error

    def write(self, setting: File, value: object) -> None:
        """Change a setting.

        :raises VirtError: SYSTEM_ERROR; the kernel left it as it was.
        """
        path = self.file(setting)
        try:
            path.write_text(str(value))
        except OSError as error:
            raise system_error(error, f"Unable to write to '{path}'", ErrorDomain.CGROUP) from error

    # Memory, in KiB.

    def limit(self, setting: File) -> int:
        """A limit; UNLIMITED if there is none."""
        text = self.read(setting)
        value = UNLIMITED if text == "max" else int(text) >> 10
        return min(value, UNLIMITED) if value < UNLIMITED - 4 else UNLIMITED

    def set_limit(self, setting: File, kib: int) -> None:
        """Change a limit; UNLIMITED or more takes it away."""
        unified = self.version(setting.controller) == 2
        self.write(setting, ("max" if unified else -1) if kib >= UNLIMITED else kib << 10)

    def usage(self, setting: File) -> int:
        """What is used."""
        return int(self.read(setting)) >> 10

    def memory_stat(self) -> dict[str, int]:
        """What the kernel tells of memory, groups below included: `cache` in KiB, `pgfault` and `pgmajfault`."""
        told = _pairs(self.read(File("memory", "memory.stat", "memory.stat")))
        unified = self.version("memory") == 2
        names = {"cache": "file"} if unified else {name: f"total_{name}" for name in ("cache", "pgfault", "pgmajfault")}
        found = {name: told[names.get(name, name)] for name in ("cache", "pgfault", "pgmajfault")}
        return found | {"cache": found["cache"] >> 10}

    # Processor time.

    def bandwidth(self) -> tuple[int, int]:
        """Period and quota in us; a quota of -1 is none."""
        if self.version("cpu") == 2:
            quota, period = self.read(files.CPU_PERIOD).split()
            return int(period), -1 if quota == "max" else int(quota)
        return int(self.read(files.CPU_PERIOD)), int(self.read(files.CPU_QUOTA))

    def set_bandwidth(self, period: int = 0, quota: int = 0) -> None:
        """Change period or quota in us; 0 leaves it as it is.

        :raises VirtError: INVALID_ARG for what libvirt lets nobody set, SYSTEM_ERROR.
        """
        for name, value, (least, most) in (("period", period, PERIODS), ("quota", quota, QUOTAS)):
            if value > 0 and not least <= value <= most:
                detail = f"cfs_{name} '{value}' must be in range ({least}, {most})"
                raise VirtError(ErrorCode.INVALID_ARG, detail, ErrorDomain.CGROUP)
        if self.version("cpu") == 2:
            old_period, old_quota = self.bandwidth()
            quota = quota or old_quota
            self.write(files.CPU_PERIOD, f"{'max' if quota < 0 else quota} {period or old_period}")
            return
        if period:
            self.write(files.CPU_PERIOD, period)
        if quota:
            self.write(files.CPU_QUOTA, quota)

    def cpu_time(self) -> int:
        """Processor time used, in ns."""
        if self.version("cpuacct") == 1:
            return int(self.read(File("cpuacct", "cpuacct.usage", "")))
        return 1000 * self._cpu_stat()["usage_usec"]

    def cpu_times(self) -> tuple[int, int]:
        """Processor time used by programs and by the kernel, in ns."""
        if self.version("cpuacct") == 1:
            told = _pairs(self.read(File("cpuacct", "cpuacct.stat", "")))
            tick = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
            return told["user"] * tick, told["system"] * tick
        told = self._cpu_stat()
        return 1000 * told["user_usec"], 1000 * told["system_usec"]

    def cpu_times_each(self) -> list[int]:
        """Processor time used on each of the host's processors, in ns.

        :raises VirtError: OPERATION_UNSUPPORTED with version 2, which does not count it.
        """
        if self.version("cpuacct") != 1:
            detail = "per cpu statistics are not counted by control groups of version 2"
            raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail, ErrorDomain.CGROUP)
        return [int(text) for text in self.read(File("cpuacct", "cpuacct.usage_percpu", "")).split()]

    def _cpu_stat(self) -> dict[str, int]:
        assert self._hierarchy.unified is not None
        return _pairs((self._hierarchy.unified / self.path / "cpu.stat").read_text())

    # Disks.

    def io_served(self, path: str | None) -> tuple[int, int, int, int]:
        """Bytes read and written, and requests for each, of one device or of all.

        :raises VirtError: SYSTEM_ERROR if a device is not there.
        """
        device = None if path is None else os.stat(path).st_rdev
        wanted = None if device is None else f"{os.major(device)}:{os.minor(device)}"
        if self.version("blkio") == 2:
            return self._io_stat(wanted)
        files = ("blkio.throttle.io_service_bytes", "blkio.throttle.io_serviced")
        (read, write), (reads, writes) = (
            _totals(self.read(File("blkio", name, "")), wanted, ("Read", "Write")) for name in files
        )
        return read, write, reads, writes

    def _io_stat(self, wanted: str | None) -> tuple[int, int, int, int]:
        totals = dict.fromkeys(("rbytes", "wbytes", "rios", "wios"), 0)
        for line in self.read(File("blkio", "", "io.stat")).splitlines():
            device, *pairs = line.split()
            for name, value in (pair.split("=") for pair in pairs if wanted in (None, device)):
                if name in totals:
                    totals[name] += int(value)
        return totals["rbytes"], totals["wbytes"], totals["rios"], totals["wios"]

    # Processes.

    def exists(self) -> bool:
        """Whether the kernel has the group in any hierarchy."""
        return any((mount / self.path).is_dir() for mount in self._hierarchy.mounts())

    def make(self, controller: str) -> None:
        """Make the group for one controller, so that it can be seen what the kernel offers there."""
        mount = self._hierarchy.mount(controller)
        if mount is not None:
            with suppress(OSError):
                (mount / self.path).mkdir(parents=True, exist_ok=True)

    def adopt(self, pid: int) -> None:
        """Move a process that has no limits into the group, which is made: in the hierarchies of services alone."""
        places = (self._hierarchy.unified, self._hierarchy.legacy.get("systemd"))
        for mount in (place for place in places if place is not None):
            with suppress(OSError):
                (mount / self.path).mkdir(parents=True, exist_ok=True)
                (mount / self.path / "cgroup.procs").write_text(str(pid))

    def processes(self) -> set[int]:
        """The pids of all processes in the group and below it."""
        return {pid for folder in self._folders() for pid in _members(folder)}

    def _folders(self) -> Iterator[Path]:
        """The group's folders and those below, the deepest first."""
        for mount in self._hierarchy.mounts():
            for folder, _, _ in os.walk(mount / self.path, topdown=False):
                yield Path(folder)

    def freeze(self, frozen: bool, deadline: float) -> bool:
        """Stop all processes, or let them go on; whether that was so within `deadline` seconds."""
        if self.version("freezer") == 1:
            setting, wanted = File("freezer", "freezer.state", ""), "FROZEN" if frozen else "THAWED"
            seen, shows = setting, wanted
        else:
            setting, wanted = File("freezer", "", "cgroup.freeze"), str(int(frozen))
            seen, shows = File("freezer", "", "cgroup.events"), f"frozen {int(frozen)}"
        end = time.monotonic() + deadline
        pause = 0.001
        while True:
            self.write(setting, wanted)
            if shows in self.read(seen).splitlines():
                return True
            if time.monotonic() > end:
                return False
            time.sleep(pause)
            pause = min(pause * 4, 0.1)

    def kill(self, deadline: float) -> bool:
        """Kill all processes; whether none was left within `deadline` seconds."""
        end = time.monotonic() + deadline
        while pids := self.processes():
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            with suppress(VirtError):
                self.freeze(False, 0)
            if time.monotonic() > end:
                return False
            time.sleep(0.005)
        return True

    def remove(self, deadline: float) -> bool:
        """Remove the group's folders; whether that was done within `deadline` seconds.

        A process that is about to end keeps its group busy for a moment after it is listed no more.
        """
        end = time.monotonic() + deadline
        while not all(_removed(folder) for folder in list(self._folders())):
            if time.monotonic() > end:
                return False
            time.sleep(0.005)
        return True


def _removed(folder: Path) -> bool:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _members(folder: Path) -> list[int]:
    try:
        return [int(pid) for pid in (folder / "cgroup.procs").read_text().split()]
    except OSError:
        return []


def _pairs(text: str) -> dict[str, int]:
    """Lines of a name and a number."""
    return {name: int(value) for name, value in (line.split() for line in text.splitlines())}


def _totals(text: str, wanted: str | None, kinds: tuple[str, str]) -> tuple[int, int]:
    """The sums of two kinds over lines of a device, a kind and a number."""
    found = dict.fromkeys(kinds, 0)
    for fields in (line.split() for line in text.splitlines()):
        if len(fields) == 3 and fields[1] in found and wanted in (None, fields[0]):
            found[fields[1]] += int(fields[2])
    return found[kinds[0]], found[kinds[1]]
