"""Where a daemon keeps its things: for the whole host, for a user, or below one folder.

`--root DIR` puts everything below DIR and needs no privilege; without it root uses the host's folders and anybody else
the user's own (platformdirs, the XDG base directory specification).
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from pathlib import Path

from virtloom.driver.host import Directories

CONFIG_NAME = "virtloomd.toml"


@dataclass(frozen=True)
class Places:
    """The folders of one daemon.

    :ivar etc: configuration and definitions.
    :ivar lib: images and what must survive a boot.
    :ivar run: sockets, pid files, run-time state.
    :ivar log: guests' logs.
    :ivar cache: what can be made again.
    :ivar libvirt_run: where libvirt's own sockets are, for clients that look there.
    """

    etc: Path
    lib: Path
    run: Path
    log: Path
    cache: Path
    libvirt_run: Path

    @classmethod
    def below(cls, root: Path) -> Places:
        """Everything below one folder."""
        root = root.absolute()
        return cls(root / "etc", root / "lib", root / "run", root / "log", root / "cache", root / "run" / "libvirt")

    @classmethod
    def default(cls) -> Places:
        """The host's for root, the user's own for anybody else."""
        if os.geteuid() == 0:
            name = "virtloom"
            var = Path("/var")
            return cls(
                Path("/etc", name),
                var / "lib" / name,
                Path("/run", name),
                var / "log" / name,
                var / "cache" / name,
                Path("/run/libvirt"),
            )
        return cls._of_user()

    @classmethod
    def _of_user(cls) -> Places:
        from platformdirs import PlatformDirs

        dirs = PlatformDirs("virtloom", appauthor=False)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a user without a runtime folder: it then takes /tmp
            runtime = Path(dirs.user_runtime_dir)
        return cls(
            Path(dirs.user_config_dir),
            Path(dirs.user_data_dir),
            runtime,
            Path(dirs.user_log_dir),
            Path(dirs.user_cache_dir),
            runtime.parent / "libvirt",
        )

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.etc / CONFIG_NAME

    @property
    def socket(self) -> Path:
        """Where clients that read and write connect."""
        return self.run / "virtloom-sock"

    @property
    def readonly_socket(self) -> Path:
        """Where clients that only read connect."""
        return self.run / "virtloom-sock-ro"

    @property
    def admin_socket(self) -> Path:
        """Where the daemon is administered."""
        return self.run / "virtloom-admin-sock"

    @property
    def pid_file(self) -> Path:
        """Locked for as long as a daemon uses these places."""
        return self.run / "virtloomd.pid"

    def of_driver(self, name: str) -> Directories:
        """One driver's folders."""
        return Directories(self.etc / name, self.lib / name, self.run / name, self.log / name, self.cache / name)
