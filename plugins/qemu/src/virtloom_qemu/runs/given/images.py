"""The images of a run: found when it begins, and noted with the host's storage for as long as it lasts."""

from __future__ import annotations

from virtloom.driver import DriverHost
from virtloom.driver.domains.volumes import located
from virtloom.driver.images import uses_of
from virtloom.driver.images.held import HeldImages
from virtloom.driver.work.lanes import Lane
from virtloom.errors import VirtError
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Disk
from virtloom_qemu.runs.given.missing import Missing, missing
from virtloom_qemu.storage.chain import with_chain

WITHIN = 30.0  # seconds for the storage of one guest to answer


class DiskImages:
    """The images of this driver's guests.

    :param host: leads to the storage driver.
    """

    def __init__(self, host: DriverHost) -> None:
        self._host = host
        self._held = HeldImages(host)

    def found(self, definition: Domain, *, cold: bool) -> tuple[Domain, list[Missing]]:
        """A definition whose disks say where their volumes are, and what is behind their images.

        :param cold: whether the guest boots.
        :return: the disks as well without whose images it starts.
        :raises VirtError: SYSTEM_ERROR for an image that is not there, OPERATION_TIMEOUT if its storage does not
            answer, NO_STORAGE_VOL and others for a volume.
        """
        disks: list[Disk] = []
        lost: list[Missing] = []
        for disk in reversed(definition.parts.disks):
            try:
                disks.append(self.disk_found(definition.name, disk))
            except VirtError:
                instead = missing(disk, cold=cold)
                if instead is None:
                    raise
                lost.append(instead)
                disks += [instead.instead] if instead.instead is not None else []
        return definition.with_devices(disks=tuple(reversed(disks))), lost

    def placed(self, disk: Disk) -> Disk:
        """A disk that says where its volumes are, whatever is in them.

        :raises VirtError: NO_STORAGE_POOL, NO_STORAGE_VOL and others.
        """
        return located(disk, self._held.storage)

    def disk_found(self, guest: str, disk: Disk) -> Disk:
        """One disk; see `found`."""
        placed = self.placed(disk)
        lane = Lane(f"domain '{guest}'", self._host.locks, self._host.waiting, threads=1)
        return lane.run(lambda: with_chain(placed), WITHIN)

    def hold(self, live: Domain, number: int, *, running: bool = False) -> None:
        """Note the images of a run.

        :param number: the run's; :param running: whether it has them already.
        :raises VirtError: RESOURCE_BUSY if somebody else has one.
        """
        self._held.hold(live, number, [use for disk in live.parts.disks for use in uses_of(disk)], running=running)

    def let_go(self, definition: Domain, number: int) -> None:
        """A run is over."""
        self._held.let_go(definition, number)
