"""Which of the host's devices a run's processes may open, whatever else they get to: a list that the kernel keeps.

It is that of the `devices` controller of version 1 (kernel: admin-guide/cgroup-v1/devices.rst), as libvirt's
`qemuSetupDevicesCgroup` writes it. Version 2 has programs in the place of lists, and is left open.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from virtloom.driver.cgroups import Group
from virtloom.driver.cgroups.files import DEVICES_ALLOW, DEVICES_DENY, File
from virtloom.errors import VirtError
from virtloom.xmldef.domain.definition import Domain

ALWAYS = ("/dev/null", "/dev/full", "/dev/zero", "/dev/random", "/dev/urandom", "/dev/ptmx", "/dev/kvm")
TERMINALS = "c 136:* rw"  # what /dev/ptmx makes
LIST = File("devices", "devices.list", "")
ALL = "a *:* rwm"  # the list of a group that may open everything
VFIO = "/dev/vfio/vfio"


class DeviceList:
    """The list of one run.

    :param group: of the run; None if it has none.
    """

    def __init__(self, group: Group | None) -> None:
        self._group = group if group is not None and group.version("devices") == 1 else None

    def begin(self) -> None:
        """Let the run's processes open what all guests may, and nothing else; a kernel that forbids that lets all.

        :raises VirtError: SYSTEM_ERROR.
        """
        if self._group is None:
            return
        try:
            self._group.write(DEVICES_DENY, "a")
        except VirtError as error:
            if error.int1 not in (errno.EPERM, errno.EACCES):
                raise
            return
        self._group.write(DEVICES_ALLOW, TERMINALS)
        for path in ALWAYS:
            self.allow(path)

    def allow(self, path: str, *, readonly: bool = False) -> None:
        """Let them open a device too; what is no device they may open anyway.

        :raises VirtError: SYSTEM_ERROR.
        """
        self._write(DEVICES_ALLOW, path, "r" if readonly else "rw")

    def deny(self, path: str) -> None:
        """Let them open a device no more, but for what all guests may.

        :raises VirtError: SYSTEM_ERROR.
        """
        if path not in ALWAYS:
            self._write(DEVICES_DENY, path, "rwm")

    def _write(self, setting: File, path: str, access: str) -> None:
        name = None if self._group is None else device_name(path)
        if self._group is not None and name is not None and ALL not in self._group.read(LIST).splitlines():
            self._group.write(setting, f"{name} {access}")


def device_name(path: str) -> str | None:
    """What the list calls a device; None for what is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    kind = "b" if stat.S_ISBLK(found.st_mode) else "c" if stat.S_ISCHR(found.st_mode) else None
    return None if kind is None else f"{kind} {os.major(found.st_rdev)}:{os.minor(found.st_rdev)}"


def devices_of(live: Domain) -> Iterator[str]:
    """Devices that a run opens, but that are not given to its user: others use them at the same time."""
    for backend in (one.find("backend") for one in live.parts.rngs):
        if backend is not None and backend.get("model") in (None, "random"):
            yield backend.text.strip() or "/dev/urandom"
    for display in live.parts.graphics:
        if (path := display.node().value("gl", "rendernode")) is not None:
            yield path
    if any(one.type in ("pci", "mdev") for one in live.parts.hostdevs) and Path(VFIO).exists():
        yield VFIO
