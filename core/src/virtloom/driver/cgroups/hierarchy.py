"""Where the kernel's control groups are mounted: version 1, version 2, or both beside each other (cgroups(7))."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

NOT_CONTROLLERS = frozenset(
    {"rw", "ro", "relatime", "nosuid", "nodev", "noexec", "xattr", "seclabel", "clone_children"}
)


class Hierarchy(NamedTuple):
    """The mounts of this host.

    :ivar legacy: where each controller of version 1 is mounted.
    :ivar unified: where version 2 is mounted, None if it is not; :ivar controllers: what it controls there.
    """

    legacy: dict[str, Path]
    unified: Path | None = None
    controllers: frozenset[str] = frozenset()

    def version(self, controller: str) -> int:
        """The version that a controller is used through; 0 if the host has it not."""
        if controller in self.legacy:
            return 1
        name = "io" if controller == "blkio" else controller
        return 2 if name in self.controllers or (controller in ALWAYS_UNIFIED and self.unified) else 0

    def mount(self, controller: str) -> Path | None:
        """Where a controller is mounted."""
        return self.legacy.get(controller) or (self.unified if self.version(controller) == 2 else None)

    def mounts(self) -> tuple[Path, ...]:
        """All mounts, each once; controllers may share one."""
        every = (*self.legacy.values(), *((self.unified,) if self.unified is not None else ()))
        return tuple(dict.fromkeys(every))


ALWAYS_UNIFIED = frozenset({"freezer", "devices", "cpuacct"})  # what version 2 does without a controller of that name


def parse(mounts: str) -> Hierarchy:
    """The mounts that /proc/mounts lists."""
    legacy: dict[str, Path] = {}
    unified = None
    for line in mounts.splitlines():
        _, place, kind, options, *_ = line.split()
        if kind == "cgroup2" and unified is None:
            unified = Path(place)
        elif kind == "cgroup":
            names = (name for name in options.split(",") if name not in NOT_CONTROLLERS and "=" not in name)
            legacy |= {name: Path(place) for name in names if name not in legacy}
            if "name=systemd" in options.split(","):
                legacy.setdefault("systemd", Path(place))
    return Hierarchy(legacy, unified)


@cache
def host_hierarchy() -> Hierarchy:
    """The hierarchy of this host, looked at once."""
    found = parse(Path("/proc/mounts").read_text())
    if found.unified is None:
        return found
    controllers = (found.unified / "cgroup.controllers").read_text().split()
    return found._replace(controllers=frozenset(controllers))
