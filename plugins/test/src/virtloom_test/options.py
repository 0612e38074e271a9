"""What the driver can be configured to do."""

from __future__ import annotations

from dataclasses import dataclass

from virtloom.driver import ConfigKey

CONFIG = (
    ConfigKey("faults", "", "A TOML file of faults that hold from the start; they can be changed while it runs."),
    ConfigKey("seed", "", "Any text: uuids, addresses and chances are then the same in every run."),
    ConfigKey("keep_hosts", False, "Whether a host outlives its last connection, which libvirt's does not."),
    ConfigKey("persist", False, "Whether hosts are written to the state folder with each change and found again."),
    ConfigKey("extras", False, "Whether test:///default has what libvirt's lacks: jobs, block jobs, migration."),
    ConfigKey("host", "", "A file that 'virtloom record' wrote: what the main host says of itself."),
    ConfigKey("clock", 0.0, "What the hosts' clock shows at first, in seconds since 1970; 0 for the real time."),
    ConfigKey("clock_rate", 1.0, "How fast the clock runs; 0 for one that only moves when told."),
    ConfigKey("durations", [], "How long work takes, as KIND=SECONDS: ['save=2', 'migrate=10']."),
)


@dataclass(frozen=True)
class Options:
    """The section `[driver.test]`; see `CONFIG`."""

    faults: str = ""
    seed: str = ""
    keep_hosts: bool = False
    persist: bool = False
    extras: bool = False
    host: str = ""
    clock: float = 0.0
    clock_rate: float = 1.0
    durations: tuple[str, ...] = ()
