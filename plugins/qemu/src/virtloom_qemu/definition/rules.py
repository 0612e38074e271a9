"""What QEMU knows of its guests: its steps around those which all drivers share, in libvirt's order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.checks import CHECKS
from virtloom.xmldef.domain.checks.devices import usb
from virtloom.xmldef.domain.checks.disks import descriptors
from virtloom.xmldef.domain.checks.guest import monitors, shares
from virtloom.xmldef.domain.defaults import DEFAULTS
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.namespaces import prefix_of
from virtloom.xmldef.domain.rules import Check, DomainRules, named_system
from virtloom.xmldef.sharing import share
from virtloom_qemu.capabilities import Emulator, EmulatorCache
from virtloom_qemu.definition import addresses
from virtloom_qemu.definition.checks import check_device, check_devices, check_guest
from virtloom_qemu.definition.devices import default_of, device_defaults
from virtloom_qemu.definition.guest import Guest
from virtloom_qemu.definition.implicit import cards, implicit_devices
from virtloom_qemu.definition.machine import with_emulator, with_machine
from virtloom_qemu.definition.memory import memory, numa_processors
from virtloom_qemu.definition.paths import own_paths
from virtloom_qemu.definition.processor import processor
from virtloom_qemu.definition.security import security_labels
from virtloom_qemu.settings import Settings

Step = Callable[[Domain, Emulator], Domain]
Change = Callable[[Guest], None]
BEFORE: tuple[Step, ...] = (security_labels, memory, implicit_devices, cards)
AFTER: tuple[Change, ...] = (device_defaults, processor, numa_processors, *addresses.STEPS)
EARLY_CHECKS: tuple[Check, ...] = (usb, shares, monitors)  # what libvirt refuses while it reads
SHARED_CHECKS = tuple(refuse for refuse in CHECKS if refuse is not descriptors)


class QemuRules(DomainRules):
    """The rules for QEMU's domains.

    Assumes: the caller holds no lock: an emulator that is seen for the first time is asked what it can do.

    :param emulators: the emulators of this host.
    :param state: `/var/lib/libvirt/qemu`: where a guest's firmware keeps its variables.
    """

    def __init__(
        self, emulators: EmulatorCache, settings: Settings, state: Path = Path("/var/lib/libvirt/qemu")
    ) -> None:
        super().__init__(types=("qemu", "kvm"), arches=(), namespace="qemu")
        object.__setattr__(self, "emulators", emulators)
        object.__setattr__(self, "settings", settings)
        object.__setattr__(self, "state", state)

    emulators: EmulatorCache
    settings: Settings
    state: Path

    def complete(self, domain: Domain) -> Domain:
        """See `DomainRules.complete`.

        :raises VirtError: in libvirt's words.
        """
        return self._completed(domain)

    def grown(self, domain: Domain, tag: str) -> Domain:
        """A definition that a device has come to, completed; what comes along with it, such as a controller, is not
        looked at, as libvirt does not.

        :param tag: the device's kind.
        :raises VirtError: in libvirt's words.
        """
        return self._completed(domain, tag)

    def check_alone(self, domain: Domain, device: Node) -> None:
        """Refuse a device by itself, as it is written.

        :param domain: which it is to come to.
        :raises VirtError: in libvirt's words.
        """
        guest, device = Guest(domain, self.emulators.lookup(domain.parts.emulator or "")), device.copy()
        if device.tag == "controller" and device.get("type") == "pci":
            device.attrs.setdefault("index", "-1")  # its number is still to be found
        default_of(guest, device)
        check_device(guest, self.settings, device)

    def load(self, text: str) -> Domain:
        """See `DomainRules.load`: what was once accepted is not refused because a device came to it, or went."""
        return self._completed(self.written(text), checked=False)

    def _completed(self, domain: Domain, tag: str | None = None, *, checked: bool = True) -> Domain:
        if domain.os is not None and domain.os.type is not None and domain.os.type.name == "exe" and not domain.os.init:
            raise VirtError(ErrorCode.XML_ERROR, "init binary must be specified", ErrorDomain.DOMAIN)
        own = tuple(node for node in domain.namespaced if prefix_of(node) == self.namespace)
        domain, emulator = with_emulator(named_system(domain.replace(namespaced=own)), self.emulators)
        for refuse in EARLY_CHECKS:
            refuse(domain)
        domain = with_machine(domain, emulator)
        for begin in BEFORE:
            domain = begin(domain, emulator)
        for step in DEFAULTS:
            domain = step(domain)
        guest = Guest(domain, emulator)
        for change in (own_paths(self.state), *AFTER):
            change(guest)
        domain = guest.domain()
        if not checked:
            return share(domain)
        check_guest(guest)
        for refuse in SHARED_CHECKS:
            refuse(domain)
        check_devices(guest, self.settings, tag)
        return share(domain)
