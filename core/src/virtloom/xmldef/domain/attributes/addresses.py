"""Where devices are in the guest (`virDomainDeviceAddressParseXML`), and what else all of them may say."""

from __future__ import annotations

from virtloom.xmldef.domain.attributes.kinds import ULONG, below, flags, must, number, numbers, switches, told, word

TYPES = ("pci", "drive", "virtio-serial", "ccid", "usb", "spapr-vio", "virtio-s390", "ccw", "virtio-mmio", "isa",
         "dimm", "unassigned")  # fmt: skip
ADDRESSED = ("disk", "controller", "filesystem", "interface", "smartcard", "serial", "parallel", "console", "channel",
             "input", "sound", "video", "hostdev", "watchdog", "memballoon", "rng", "shmem", "tpm", "panic", "memory",
             "iommu", "vsock", "redirdev", "hub", "nvram")  # fmt: skip
BOOTABLE = ("disk", "interface", "hostdev", "redirdev")
PCI = (*numbers("domain bus slot function", base=0), *switches("multifunction"))

TABLE = below(
    ADDRESSED,
    {
        "address": (
            told(
                word("type", TYPES),
                invalid="unknown address type '{}'",
                missing="No type specified for device address",
            ),
        ),
        "address[type=pci]": PCI,
        "address[type=pci]/zpci": numbers("uid fid", base=0),
        "address[type=drive]": numbers("controller bus target unit"),
        "address[type=virtio-serial]": numbers("controller bus port"),
        "address[type=ccid]": numbers("controller slot"),
        "address[type=usb]": numbers("bus"),
        "address[type=spapr-vio]": numbers("reg", ULONG, base=16),
        "address[type=ccw]": numbers("cssid ssid devno", base=0),
        "address[type=isa]": numbers("iobase irq", base=16),
        "address[type=dimm]": (*must(number("slot")), number("base", ULONG, base=16)),
        "master": numbers("startport"),
        "acpi": numbers("index", zero=False),
    },
) | below(
    BOOTABLE,
    {"boot": must(number("order", zero=False)), "rom": (*flags("enabled"), *switches("bar"))},
)
