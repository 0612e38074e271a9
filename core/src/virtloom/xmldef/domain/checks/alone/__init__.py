"""What each device cannot be by itself (`virDomainDeviceDefValidateInternal`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.checks.alone import devices, disks, hostdevs, interfaces, memory
from virtloom.xmldef.domain.checks.refusal import unsupported
from virtloom.xmldef.domain.definition import Domain

Check = Callable[[Node, Domain], None]

CHECKS: Mapping[str, tuple[Check, ...]] = {
    "disk": disks.STEPS,
    "interface": interfaces.STEPS,
    "hostdev": hostdevs.STEPS,
    "memory": (memory.module,),
    "video": (devices.video,),
    "vsock": (devices.vsock,),
    "input": (devices.input_source,),
    "shmem": (devices.shared_memory,),
    "filesystem": (devices.filesystem,),
    "sound": (devices.sound,),
    "audio": (devices.audio,),
    "graphics": (devices.display,),
    "iommu": (devices.iommu,),
    "tpm": (devices.tpm,),
    "smartcard": (devices.smartcard,),
    "redirdev": (devices.redirection,),
}


def check_alone(device: Node, domain: Domain) -> None:
    """Refuse a device for what it is.

    :param domain: which it is in.
    :raises VirtError: in libvirt's words.
    """
    address = device.find("address")
    if address is not None and address.get("type") == "unassigned" and device.tag != "hostdev":
        raise unsupported("address of type 'unassigned' is supported only for hostdevs")
    for check in CHECKS.get(device.tag, ()):
        check(device, domain)


def devices_alone(domain: Domain) -> None:
    """Refuse a domain for what one of its devices is."""
    for device in domain.parts.node("devices").children:
        check_alone(device, domain)
