"""Where the files of one container are: below the driver's run-time folder, which is liblxc's path for it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

from virtloom.driver import Directories


class Places(NamedTuple):
    """The folder of one container, as `lxc-ls -P` finds it, and what stands in it.

    :ivar lxcpath: liblxc's path; :ivar name: the container's name.
    """

    lxcpath: Path
    name: str
    log: Path

    @classmethod
    def of(cls, dirs: Directories, name: str) -> Places:
        """The places of a container of that name."""
        return cls(dirs.runtime / "containers", name, dirs.log / f"{name}.log")

    @property
    def folder(self) -> Path:
        """The container's own folder."""
        return self.lxcpath / self.name

    @property
    def config(self) -> Path:
        """liblxc's configuration of it (lxc.container.conf(5))."""
        return self.folder / "config"

    @property
    def root(self) -> Path:
        """Where liblxc mounts the root before it becomes the container's."""
        return self.folder / "root"

    @property
    def image(self) -> Path:
        """Where a root is mounted that is on a device or in an image."""
        return self.folder / "image"

    @property
    def meminfo(self) -> Path:
        """The file that the container sees as its `/proc/meminfo`."""
        return self.folder / "meminfo"

    @property
    def socket(self) -> Path:
        """The controller's socket."""
        return self.folder / "monitor"

    @property
    def fifo(self) -> Path:
        """Where the hook of each boot tells init's pid."""
        return self.folder / "boots"

    @property
    def ended(self) -> Path:
        """The controller's last words."""
        return self.folder / "ended"

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)
