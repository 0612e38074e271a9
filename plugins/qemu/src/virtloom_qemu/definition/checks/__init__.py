"""What QEMU could not run, in libvirt's words (`qemuValidateDomainDef`, `qemuValidateDomainDeviceDef`).

`guest_checks` are about the guest as a whole, `device_checks` about each device of a kind; both are tables of small
functions.
"""

from __future__ import annotations

from collections.abc import Callable

from virtloom.xmldef.document import Node
from virtloom_qemu.definition.checks import (
    addresses,
    characters,
    controllers,
    disks,
    displays,
    hostdevs,
    interfaces,
    machine,
    memory,
    platform,
    processor,
)
from virtloom_qemu.definition.guest import Guest
from virtloom_qemu.settings import Settings

GuestCheck = Callable[[Guest], None]
DeviceCheck = Callable[[Guest, Settings, Node], None]

GUEST: tuple[GuestCheck, ...] = (
    machine.emulator,
    machine.firmware,
    machine.lifecycle,
    processor.model,
    memory.hotplug,
    machine.timers,
    processor.count,
    processor.vcpus,
    machine.cache_shares,
    machine.features,
    memory.backing,
    machine.system_tables,
    platform.panics,
    platform.tpm_count,
    machine.launch_security,
)
DEVICES: dict[str, DeviceCheck] = {
    "disk": disks.disk,
    "controller": controllers.controller,
    "interface": interfaces.interface,
    "serial": characters.serial,
    "parallel": characters.character,
    "channel": characters.character,
    "console": characters.console,
    "smartcard": platform.smartcard,
    "input": displays.input_device,
    "graphics": displays.graphics,
    "video": displays.video,
    "sound": displays.sound,
    "audio": displays.audio,
    "hostdev": hostdevs.hostdev,
    "filesystem": platform.filesystem,
    "iommu": platform.iommu,
    "memory": memory.module,
    "memballoon": platform.balloon,
    "redirdev": platform.redirection,
    "rng": platform.rng,
    "shmem": platform.shmem,
    "tpm": platform.tpm,
    "watchdog": platform.watchdog,
    "nvram": platform.nvram,
}


def check_guest(guest: Guest) -> None:
    """Refuse a guest that QEMU could not run.

    :raises VirtError: CONFIG_UNSUPPORTED and others.
    """
    for check in GUEST:
        check(guest)


def check_devices(guest: Guest, settings: Settings, tag: str | None = None) -> None:
    """Refuse devices that QEMU does not have.

    :param tag: the kind that is looked at; None looks at all.
    :raises VirtError: CONFIG_UNSUPPORTED and others.
    """
    for device in guest.devices.children if tag is None else guest.all(tag):
        check_device(guest, settings, device)


def check_device(guest: Guest, settings: Settings, device: Node) -> None:
    """Refuse one device.

    :raises VirtError: CONFIG_UNSUPPORTED and others.
    """
    addresses.address(guest, device)
    check = DEVICES.get(device.tag)
    if check is not None:
        check(guest, settings, device)
