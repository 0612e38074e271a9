"""The images that guests have, noted with the host's storage for as long as their runs last.

While an image is noted, no other guest gets it and the storage driver neither deletes nor changes it; see
`StorageDriver.lease_images`.
Assumes: no lock is held; the storage driver may sleep.
"""

from __future__ import annotations

from collections.abc import Iterable

from virtloom.driver.base import StorageDriver
from virtloom.driver.handles import DomainHandle
from virtloom.driver.host import DriverHost
from virtloom.driver.images.uses import ImageUse
from virtloom.driver.kinds import DriverKind
from virtloom.xmldef.domain.definition import Domain


class HeldImages:
    """What the guests of one driver have.

    :param host: leads to the storage driver.
    """

    def __init__(self, host: DriverHost) -> None:
        self._host = host

    @property
    def storage(self) -> StorageDriver | None:
        """The host's storage driver, if it has one."""
        driver = self._host.driver(DriverKind.STORAGE)
        return driver if isinstance(driver, StorageDriver) else None

    def hold(self, guest: Domain, number: int, uses: Iterable[ImageUse], *, running: bool = False) -> None:
        """Note the images of a run, in the place of those that were noted for it.

        :param number: the run's; :param running: whether it has them already.
        :raises VirtError: RESOURCE_BUSY if somebody else has one.
        """
        storage = self.storage
        if storage is not None:
            storage.lease_images(_owner(guest, number), uses, running=running)

    def let_go(self, guest: Domain, number: int) -> None:
        """A run is over."""
        storage = self.storage
        if storage is not None:
            storage.release_images(_owner(guest, number))


def _owner(guest: Domain, number: int) -> DomainHandle:
    """A guest in one of its runs, as a user of images."""
    return DomainHandle(guest.name, guest.uuid or b"", number)
