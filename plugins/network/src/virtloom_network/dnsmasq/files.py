"""Where dnsmasq's files of a network are."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from virtloom.driver import Directories


class Files(NamedTuple):
    """The files of one network.

    :ivar config: the configuration; :ivar hosts: addresses of guests; :ivar names: names of addresses; :ivar pid: the
        process's number; :ivar leases: what was given, kept over a boot; :ivar macs: whose each IPv6 address is.
    """

    config: Path
    hosts: Path
    names: Path
    pid: Path
    leases: Path
    macs: Path

    @classmethod
    def of(cls, dirs: Directories, network: str) -> Files:
        """Those of a network.

        :param dirs: the driver's folders; :param network: the network's name.
        """
        run, kept = dirs.runtime / "dnsmasq", dirs.state / "dnsmasq"
        return cls(
            run / f"{network}.conf",
            run / f"{network}.hostsfile",
            run / f"{network}.addnhosts",
            run / f"{network}.pid",
            kept / f"{network}.leases",
            kept / f"{network}.macs",
        )

    def remove(self) -> None:
        """Remove them all."""
        for path in self:
            path.unlink(missing_ok=True)
