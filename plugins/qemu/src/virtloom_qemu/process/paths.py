"""Where a guest's files are, laid out as libvirt lays out its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from virtloom.driver import Directories

NAME_MAX = 20  # characters of a guest's name in the names of its folders: a socket's path is short (unix(7))


@dataclass(frozen=True)
class GuestPaths:
    """The files of one run of a guest.

    :ivar folder: what only this run has: its monitor, its secrets; removed when it ends.
    :ivar channels: the sockets of its channels; removed too.
    :ivar log: what QEMU printed, run after run.
    :ivar pid: status: what a restarted daemon finds it by.
    :ivar save: its managed save image.
    :ivar snapshots: the definitions of its snapshots.
    """

    folder: Path
    channels: Path
    log: Path
    pid: Path
    status: Path
    save: Path
    snapshots: Path

    @classmethod
    def of(cls, dirs: Directories, name: str, number: int) -> GuestPaths:
        """The files of a guest.

        :param number: its id in this run.
        """
        short = f"domain-{number}-{name[:NAME_MAX]}"
        return cls(
            folder=dirs.state / short,
            channels=dirs.state / "channel" / "target" / short,
            log=dirs.log / f"{name}.log",
            pid=dirs.runtime / f"{name}.pid",
            status=dirs.runtime / f"{name}.json",
            save=dirs.state / "save" / f"{name}.save",
            snapshots=dirs.state / "snapshot" / name,
        )

    @property
    def monitor(self) -> Path:
        """The socket of its monitor."""
        return self.folder / "monitor.sock"

    @property
    def journal(self) -> Path:
        """What was made on the host that a crash of the daemon would leave behind."""
        return self.folder / "journal"
