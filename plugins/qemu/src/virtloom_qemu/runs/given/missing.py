"""What becomes of a disk whose image is not there when its guest starts (`qemuDomainCheckDiskStartupPolicy`).

| `<source startupPolicy=...>` | a cold start | a restore, a revert |
|---|---|---|
| none, mandatory | refused | refused |
| requisite (drives with media alone) | refused | the drive is empty |
| optional, of a drive with media | the drive is empty | the drive is empty |
| optional, of a hard disk | the guest has no such disk | refused: the guest's state has it |
"""

from __future__ import annotations

from typing import NamedTuple

from virtloom.driver.constants.domain_event import ConnectDomainEventDiskChangeReason as Why
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Disk
from virtloom_qemu.capabilities import Emulator
from virtloom_qemu.command.aliases import disk_alias
from virtloom_qemu.definition.guest import Guest

WITH_MEDIA = ("cdrom", "floppy")


class Missing(NamedTuple):
    """A disk whose image is not there.

    :ivar disk: as it was to be; :ivar instead: what the guest gets; None if it gets no such disk.
    """

    disk: Disk
    instead: Disk | None

    def told(self, definition: Domain, emulator: Emulator) -> tuple[str | None, None, str, int]:
        """What the event says: the old and the new path, the alias, the reason.

        :param definition: the guest with its disk.
        """
        named = self.disk.alias.get("name") if self.disk.alias is not None else None
        alias = named or disk_alias(Guest(definition, emulator), self.disk.node())
        reason = Why.DROP_MISSING_ON_START if self.instead is None else Why.CHANGE_MISSING_ON_START
        return self.disk.path, None, alias, reason


def missing(disk: Disk, *, cold: bool) -> Missing | None:
    """What a guest gets instead of a disk that is not there; None if it does not start without.

    :param cold: whether the guest boots.
    """
    policy = disk.source.get("startupPolicy") if disk.source is not None else None
    has_media = disk.device in WITH_MEDIA
    goes = policy == "optional" and (cold or has_media)
    if not goes and not (policy == "requisite" and not cold):
        return None
    return Missing(disk, disk.replace(source=None, backing_store=None) if has_media else None)
