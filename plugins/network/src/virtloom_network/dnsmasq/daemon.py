"""Networks' dnsmasq(8) processes: started, told to read its files again, ended.

Guarantees: a process outlives the daemon, and is known again by its pid file and its command line, so that no stranger
who got its number is taken for it. A start that failed leaves no process.
Assumes: the caller holds a job on the network and no lock: all of this sleeps.
"""

from __future__ import annotations

import os
import select
import signal
from contextlib import suppress
from pathlib import Path

from virtloom.driver import DriverHost
from virtloom.driver.files.store import write_atomically
from virtloom.errors import ErrorDomain, system_error
from virtloom.xmldef.network.network import Network
from virtloom_network.bridges.firewall import program
from virtloom_network.dnsmasq.config import configuration, is_needed
from virtloom_network.dnsmasq.files import Files
from virtloom_network.dnsmasq.hosts import dhcp_hosts, names

# Run by dnsmasq as root when a lease changes: its own file does not tell whose an IPv6 address is.
SCRIPT = """#!/bin/sh
case "$1" in
add | old) [ -n "$DNSMASQ_MAC" ] && echo "$3 $DNSMASQ_MAC" >>"$VIRTLOOM_MACS" ;;
esac
exit 0
"""


class Dnsmasq:
    """The processes of all networks.

    :param host: the driver's host.
    """

    def __init__(self, host: DriverHost) -> None:
        self._host = host

    def files(self, network: Network) -> Files:
        """Where a network's files are."""
        return Files.of(self._host.dirs, network.name)

    def start(self, network: Network) -> None:
        """Start a network's process, if it has anything to do.

        :raises VirtError: OPERATION_FAILED in dnsmasq's own words, OPERATION_TIMEOUT, SYSTEM_ERROR.
        """
        if not is_needed(network):
            return
        files = self.files(network)
        argv = [program("dnsmasq", "dnsmasq-base"), f"--conf-file={files.config}"]
        self._write(network, files)
        env = {**os.environ, "VIRTLOOM_MACS": str(files.macs)}
        self._host.run(argv, deadline=float(self._host.config["helper_deadline"]), env=env)

    def _write(self, network: Network, files: Files) -> None:
        script = self._host.dirs.state / "dnsmasq" / "lease-changed"
        user = None if _is_reachable(files.hosts.parent) else "root"
        text = configuration(network, files, user=user, script=script)
        try:
            files.leases.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(script, SCRIPT.encode(), 0o755)
            write_atomically(files.config, text.encode())
            self._write_hosts(network, files)
        except OSError as error:
            raise system_error(error, f"couldn't write dnsmasq config file '{files.config}'", None) from error

    def _write_hosts(self, network: Network, files: Files) -> None:
        """Write what is read again without a new start; dnsmasq reads it as a user without rights."""
        write_atomically(files.hosts, dhcp_hosts(network).encode(), 0o644)
        write_atomically(files.names, names(network).encode(), 0o644)

    def refresh(self, network: Network) -> None:
        """Let a process read its hosts and names again; one that does not run is started.

        :raises VirtError: see `start`.
        """
        pid = self.pid(network)
        if pid is None:
            self.start(network)
            return
        try:
            self._write_hosts(network, self.files(network))
        except OSError as error:
            raise system_error(error, "couldn't write dnsmasq's hosts", ErrorDomain.NETWORK) from error
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGHUP)

    def restart(self, network: Network) -> None:
        """Start a process anew, since its configuration changed.

        :raises VirtError: see `start`; the network then has none.
        """
        self.stop(network)
        self.start(network)

    def stop(self, network: Network) -> None:
        """End a network's process, if it has one: asked first, killed after a while."""
        pid = self.pid(network)
        if pid is not None:
            with self._host.waiting(f"the end of dnsmasq, process {pid}"):
                _end(pid, float(self._host.config["stop_deadline"]))
        self.files(network).pid.unlink(missing_ok=True)

    def pid(self, network: Network) -> int | None:
        """The number of a network's process; None if it has none."""
        files = self.files(network)
        with suppress(OSError, ValueError):
            pid = int(files.pid.read_text())
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if os.fsencode(f"--conf-file={files.config}") in arguments:
                return pid
        return None


def _is_reachable(folder: Path) -> bool:
    """Whether anybody may reach a folder; else dnsmasq must stay root to read its files there again."""
    absolute = folder.absolute()
    return all(one.stat().st_mode & 0o001 for one in (absolute, *absolute.parents) if one.exists())


def _end(pid: int, patience: float) -> None:
    with suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        try:
            for number, wait in ((signal.SIGTERM, patience), (signal.SIGKILL, 1.0)):
                signal.pidfd_send_signal(handle, number)
                if select.select([handle], [], [], wait)[0]:
                    return
        finally:
            os.close(handle)
