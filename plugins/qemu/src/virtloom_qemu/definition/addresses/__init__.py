"""Where devices sit: given by the document, fixed by the chipset, or chosen as libvirt chooses.

`slots` keeps what is taken on the PCI, `connections` says what each device plugs into, `chipset` what a machine has in
fixed places, `pci` chooses; the other modules do the same for the USB, serial ports over virtio, and memory.
"""

from virtloom_qemu.definition.addresses.memory import memory_slots
from virtloom_qemu.definition.addresses.pci import pci_addresses
from virtloom_qemu.definition.addresses.usb import usb_addresses
from virtloom_qemu.definition.addresses.virtio_serial import virtio_serial_addresses

STEPS = (virtio_serial_addresses, pci_addresses, usb_addresses, memory_slots)
