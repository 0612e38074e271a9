"""What QEMU knows of its guests: the steps that follow those which all drivers share, in libvirt's order."""

from __future__ import annotations

from virtloom.xmldef.domain.checks import CHECKS
from virtloom.xmldef.domain.defaults import DEFAULTS
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import VideoModel
from virtloom.xmldef.domain.rules import DomainRules, named_system
from virtloom_qemu.capabilities import Emulator, EmulatorCache
from virtloom_qemu.definition import addresses
from virtloom_qemu.definition.checks import check
from virtloom_qemu.definition.devices import device_defaults
from virtloom_qemu.definition.guest import Guest
from virtloom_qemu.definition.implicit import implicit_devices
from virtloom_qemu.definition.machine import with_emulator, with_machine
from virtloom_qemu.definition.processor import processor
from virtloom_qemu.settings import Settings

AFTER = (device_defaults, processor, *addresses.STEPS)


class QemuRules(DomainRules):
    """The rules for QEMU's domains.

    Assumes: the caller holds no lock: an emulator that is seen for the first time is asked what it can do.
    """

    def __init__(self, emulators: EmulatorCache, settings: Settings) -> None:
        super().__init__(types=("qemu", "kvm"), arches=())
        object.__setattr__(self, "emulators", emulators)
        object.__setattr__(self, "settings", settings)

    emulators: EmulatorCache
    settings: Settings

    def complete(self, domain: Domain) -> Domain:
        """See `DomainRules.complete`.

        :raises VirtError: in libvirt's words.
        """
        domain, emulator = with_emulator(named_system(domain), self.emulators)
        domain = _before(with_machine(domain, emulator), emulator)
        for step in DEFAULTS:
            domain = step(domain)
        guest = Guest(domain, emulator)
        for change in AFTER:
            change(guest)
        domain = guest.domain()
        for refuse in CHECKS:
            refuse(domain)
        check(guest, self.settings)
        return domain


def _before(domain: Domain, emulator: Emulator) -> Domain:
    """What has to be there before the shared steps: the machine's own devices, and the kind of each card."""
    guest = Guest(domain, emulator)
    implicit_devices(guest)
    domain = guest.domain()
    card = "cirrus" if emulator.has("cirrus-vga") else "vga"
    done = []
    for video in domain.parts.videos:
        model = video.model or VideoModel()
        chosen = model.type if model.type not in (None, "default") else card
        done.append(video.replace(model=model.replace(type=chosen)))
    return domain.with_devices(videos=tuple(done))
