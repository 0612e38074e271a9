"""What libvirt's parser refuses of the parts of an element: what is missing, is there twice, or says nothing.

Comes after the attributes and before anything is filled in; works on the document.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.reading import characters, devices, disks, guest

Refusal = Callable[[Node], None]

DEVICES: Mapping[str, tuple[Refusal, ...]] = {
    "disk": disks.STEPS,
    "serial": (characters.parts,),
    "parallel": (characters.parts,),
    "console": (characters.parts,),
    "channel": (characters.parts, characters.forwarding),
    "redirdev": (characters.parts, devices.on_usb),
    "smartcard": (characters.card,),
    "rng": (characters.entropy,),
    "input": (devices.input_source,),
    "graphics": (devices.display,),
    "audio": (devices.sound_settings,),
    "tpm": (devices.tpm,),
    "shmem": (devices.shared_memory,),
    "memory": (devices.memory,),
    "controller": (devices.controller,),
    "hostdev": (devices.hostdev,),
    "lease": (devices.lease,),
    "video": (devices.video,),
}
GUEST: tuple[Refusal, ...] = (guest.counters, guest.pins, guest.processor_features, guest.caches, guest.tables)


def refuse_guest(root: Node) -> None:
    """Refuse a domain's document for the parts of what are no devices.

    :raises VirtError: in libvirt's words.
    """
    for refusal in GUEST:
        refusal(root)


def refuse_device(device: Node) -> None:
    """Refuse one device's element for its parts.

    :raises VirtError: in libvirt's words.
    """
    for refusal in DEVICES.get(device.tag, ()):
        refusal(device)
