"""What is done to a domain's document before it is read: what libvirt reads in several forms gets the one it writes.

Works on nodes, because the same elements stand in many kinds of device.
"""

from __future__ import annotations

from collections.abc import Callable

from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.attributes import check_device, check_guest
from virtloom.xmldef.domain.cleaning import characters, containers, devices, guest, network, numa
from virtloom.xmldef.domain.cleaning.addresses import clean_addresses
from virtloom.xmldef.domain.cleaning.order import arrange
from virtloom.xmldef.domain.reading import refuse_device, refuse_guest

Step = Callable[[Node], None]

GUEST_STEPS: tuple[Step, ...] = (
    guest.most_memory,
    guest.vcpu_count,
    guest.actions,
    guest.processor,
    guest.features,
    guest.thread_tuning,
    guest.boot_parts,
    guest.init_parts,
    numa.cells,
    numa.distances,
    numa.placement,
    guest.cache_tuning,
    guest.launch_security,
    containers.idmap,
    guest.single_devices,
)

DEVICE_STEPS: dict[str, tuple[Step, ...]] = {
    "disk": (devices.image_format, devices.image_chain, devices.secret_parts, devices.iscsi_path),
    "controller": (devices.companion, devices.pci_hole),
    "interface": (
        devices.interface_source,
        devices.interface_model,
        devices.interface_parts,
        network.interface_addresses,
    ),
    "channel": (characters.channel_state, characters.terminal, characters.sources),
    "console": (characters.terminal, characters.sources),
    "serial": (characters.terminal, characters.sources),
    "parallel": (characters.terminal, characters.sources),
    "smartcard": (characters.sources, characters.bare_passthrough),
    "redirdev": (devices.redirection, characters.sources),
    "redirfilter": (devices.redirection_filter,),
    "rng": (characters.rng_backend, devices.entropy),
    "shmem": (devices.shared_memory,),
    "hostdev": (devices.managed, devices.iscsi_path, network.hostdev_addresses),
    "filesystem": (devices.filesystem,),
    "memory": (devices.memory_module,),
}


def clean(root: Node) -> None:
    """Bring a domain's document into the form that it is written in.

    :raises VirtError: for what libvirt refuses while it reads.
    """
    check_guest(root)
    refuse_guest(root)
    for step in GUEST_STEPS:
        step(root)
    found = root.find("devices")
    if found is not None:
        for device in found.children:
            clean_device(device)
        found.children = [child for child in found.children if child.tag != "panic" or child.attrs or child.children]
    arrange(root)


def clean_device(device: Node) -> None:
    """Bring one device's element into the form that it is written in.

    :raises VirtError: for what libvirt refuses while it reads.
    """
    check_device(device)
    refuse_device(device)
    _drop_generated_alias(device)
    for step in DEVICE_STEPS.get(device.tag, ()):
        step(device)
    devices.without_empty(device)
    clean_addresses(device)


def _drop_generated_alias(device: Node) -> None:
    """Aliases that the daemon gives are for one run; those that a user gives begin with ua-."""
    device.children = [
        child for child in device.children if child.tag != "alias" or (child.get("name") or "").startswith("ua-")
    ]
