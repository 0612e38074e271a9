"""What a command line depends on besides the definition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from virtloom_qemu.capabilities import Emulator
from virtloom_qemu.settings import Settings

SHORT_NAME = 20  # characters of a guest's name in the names of its folders


@dataclass(frozen=True)
class Context:
    """One run of a guest.

    :ivar emulator: what its emulator can do.
    :ivar settings: the driver's settings.
    :ivar state: `/var/lib/libvirt/qemu`, in which the run has a folder of its own.
    :ivar id: the run's number; -1 if it is only to be shown.
    :ivar descriptors: by the alias of a device, what QEMU knows the file descriptors by that it is given for it.
    :ivar sockets: of devices that a helper serves, by their aliases.
    :ivar secrets: values that QEMU is told of, by what it knows them by.
    :ivar secrets_key: what they are encrypted with, if they are only shown.
    :ivar incoming: where the guest's state comes from (`-incoming`); :ivar load_snapshot: an internal snapshot's name.
    :ivar reset_nvram: whether the variables of its firmware begin anew.
    :ivar first_image: the number of the first image that has none.
    :ivar privileged: whether the daemon runs as root.
    """

    emulator: Emulator
    settings: Settings
    state: Path
    id: int = -1
    descriptors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    secrets: Mapping[str, bytes] = field(default_factory=dict)
    sockets: Mapping[str, str] = field(default_factory=dict)
    secrets_key: str = ""
    incoming: str | None = None
    load_snapshot: str | None = None
    first_image: int = 1
    reset_nvram: bool = False
    privileged: bool = True

    def run_name(self, name: str) -> str:
        """What a run's folders are called: `domain-3-web`."""
        return f"domain-{self.id}-{name[:SHORT_NAME]}"

    def folder(self, name: str) -> Path:
        """The folder of a guest's run: the monitor's socket, the key for its secrets."""
        return self.state / self.run_name(name)

    def channel_folder(self, name: str) -> Path:
        """Where the sockets of a guest's channels are made."""
        return self.state / "channel" / "target" / self.run_name(name)
