"""The driver, put together from its parts; each part is a file that says what it is about."""

from __future__ import annotations

from virtloom.driver import DriverHost
from virtloom.driver.domains import DomainLookup, DomainMetadata
from virtloom_qemu.domains.agent import GuestAgent
from virtloom_qemu.domains.blockjobs import BlockJobs
from virtloom_qemu.domains.configuration import Configuration
from virtloom_qemu.domains.cpus import Cpus
from virtloom_qemu.domains.disks import Disks
from virtloom_qemu.domains.longjobs import LongJobs
from virtloom_qemu.domains.memory import Memory
from virtloom_qemu.domains.monitoring import Monitoring
from virtloom_qemu.domains.nodedevices import NodeDevices
from virtloom_qemu.domains.plugging import Plugging
from virtloom_qemu.domains.power import Power
from virtloom_qemu.domains.processors import Processors
from virtloom_qemu.domains.screen import Screen
from virtloom_qemu.domains.snapshots import Snapshots
from virtloom_qemu.domains.statistics import Statistics
from virtloom_qemu.domains.terminals import Terminals
from virtloom_qemu.domains.tuning import Tuning
from virtloom_qemu.runs.state import QemuDomain


class QemuDriver(
    DomainLookup[QemuDomain],
    Cpus,
    Configuration,
    Plugging,
    Processors,
    Tuning,
    Statistics,
    Memory,
    Monitoring,
    Terminals,
    Power,
    Disks,
    NodeDevices,
    Screen,
    BlockJobs,
    LongJobs,
    Snapshots,
    GuestAgent,
    DomainMetadata[QemuDomain],
):
    """QEMU's guests on this host."""

    def __init__(self, host: DriverHost) -> None:
        super().__init__(host)
        with self._finding_again():
            self.load_definitions()
        self._find_images()
        self._find_snapshots()
        self.start_with_daemon(lambda dom: self.domain_create_with_flags(dom, 0))
