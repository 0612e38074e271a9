"""Controllers, file systems, memory and the smaller devices."""

from __future__ import annotations

from virtloom.errors import ErrorCode
from virtloom.xmldef.domain.attributes.disks import VIRTIO
from virtloom.xmldef.domain.attributes.kinds import (
    INT,
    POSITIVE_INT,
    ULONG,
    Rule,
    flags,
    loose,
    must,
    number,
    numbers,
    switches,
    told,
    word,
)

VIRTIO_MODELS = "virtio virtio-transitional virtio-non-transitional"
CONTROLLERS = "ide fdc scsi sata virtio-serial ccid usb pci xenbus isa"
CONTROLLER_MODELS = {
    "ide": "piix3 piix4 ich6",
    "isa": "",
    "fdc": "",
    "sata": "",
    "ccid": "",
    "xenbus": "",
    "pci": ("pci-root pcie-root pci-bridge dmi-to-pci-bridge pcie-to-pci-bridge pcie-root-port"
            " pcie-switch-upstream-port pcie-switch-downstream-port pci-expander-bus pcie-expander-bus"),
    "scsi": ("auto buslogic lsilogic lsisas1068 vmpvscsi ibmvscsi virtio-scsi lsisas1078 virtio-transitional"
             " virtio-non-transitional ncr53c90 dc390 am53c974"),
    "usb": ("piix3-uhci piix4-uhci ehci ich9-ehci1 ich9-uhci1 ich9-uhci2 ich9-uhci3 vt82c686b-uhci pci-ohci nec-xhci"
            " qusb1 qusb2 qemu-xhci none"),
    "virtio-serial": VIRTIO_MODELS,
}  # fmt: skip
PCI_NAMES = ("none pci-bridge i82801b11-bridge ioh3420 x3130-upstream xio3130-downstream pxb pxb-pcie pcie-root-port"
             " spapr-pci-host-bridge pcie-pci-bridge")  # fmt: skip

TABLE: dict[str, tuple[Rule, ...]] = {
    "controller": (word("type", CONTROLLERS),),
    **{
        f"controller[type={kind}]": (told(word("model", models), "Unknown model type '{}'"),)
        for kind, models in ({"": CONTROLLER_MODELS["ide"]} | CONTROLLER_MODELS).items()
    },
    "controller[type=virtio-serial]": (
        told(word("model", VIRTIO_MODELS), "Unknown model type '{}'"),
        number("vectors", POSITIVE_INT),
    ),
    "controller[type=xenbus]": numbers("maxGrantFrames maxEventChannels", POSITIVE_INT),
    "controller/driver": (
        *numbers("queues cmd_per_lun max_sectors"),
        *switches("ioeventfd"),
        number("iothread"),
        *VIRTIO,
    ),
    "controller[type=pci]/model": (word("name", PCI_NAMES),),
    "controller[type=pci]/target": (
        *numbers("chassisNr chassis port busNr", POSITIVE_INT, base=0),
        *switches("hotplug"),
        number("index", POSITIVE_INT, base=0),
    ),
    "filesystem": (
        word("type", "mount block file template ram bind volume"),
        word("accessmode", ("", "passthrough", "mapped", "squash")),
        *numbers("fmode dmode", base=8),
        word("model", VIRTIO_MODELS),
        word("multidevs", "default remap forbid warn"),
    ),
    "filesystem/driver": (
        word("type", "default path handle loop nbd ploop virtiofs"),
        word("wrpolicy", "default immediate"),
        *VIRTIO,
    ),
    "filesystem/binary": switches("xattr"),
    "filesystem/binary/lock": switches("posix flock"),
    "filesystem/binary/cache": (word("mode", "none always"),),
    "filesystem/binary/sandbox": (word("mode", "namespace chroot"),),
    "input": (
        told(word("type", "mouse tablet keyboard passthrough evdev"), "unknown input device type '{}'",
             missing="missing input device type"),
        told(word("model", VIRTIO_MODELS), "unknown input model '{}'"),
        told(word("bus", "ps2 usb xen parallels virtio none"), "unknown input bus type '{}'"),
    ),
    "input[type=evdev]/source": (
        word("grab", "all"),
        word("grabToggle", "ctrl-ctrl alt-alt shift-shift meta-meta scrolllock ctrl-scrolllock"),
        *switches("repeat"),
    ),
    "input/driver": VIRTIO,
    "hub": (told(word("type", "usb"), "unknown hub device type '{}'", missing="missing hub device type"),),
    "watchdog": (
        told(word("model", "i6300esb ib700 diag288"), "unknown watchdog model '{}'",
             missing="watchdog must contain model name"),
        told(word("action", "reset shutdown poweroff pause dump none inject-nmi"), "unknown watchdog action '{}'"),
    ),
    "memballoon": (
        *must(word("model", f"{VIRTIO_MODELS} xen none")),
        *switches("autodeflate freePageReporting"),
    ),
    "memballoon/stats": (number("period", INT, base=0),),
    "memballoon/driver": VIRTIO,
    "rng": (
        told(word("model", VIRTIO_MODELS), "unknown RNG model '{}'", missing="missing RNG device model",
             missing_code=ErrorCode.XML_ERROR),
    ),
    "rng/rate": loose(
        told(number("bytes"), "invalid RNG rate bytes value", ErrorCode.XML_ERROR),
        told(number("period"), "invalid RNG rate period value", ErrorCode.XML_ERROR),
    ),
    "rng/backend": (
        told(word("model", "random egd builtin"), "unknown RNG backend model '{}'",
             missing="missing RNG device backend model", missing_code=ErrorCode.XML_ERROR),
    ),
    "rng/driver": VIRTIO,
    "shmem": (word("role", "master peer"),),
    "shmem/model": (word("type", "ivshmem ivshmem-plain ivshmem-doorbell"),),
    "shmem/msi": (number("vectors", base=0), *switches("ioeventfd")),
    "tpm": (word("model", "tpm-tis tpm-crb tpm-spapr spapr-tpm-proxy"),),
    "tpm/backend": must(word("type", "passthrough emulator external")),
    "tpm/backend[type=emulator]": (
        word("version", "1.2 2.0"),
        told(word("persistent_state", "yes no"), "Invalid persistent_state value, either 'yes' or 'no'",
             ErrorCode.INTERNAL_ERROR),
    ),
    "panic": (told(word("model", "default isa pseries hyperv s390"), "unknown panic model '{}'"),),
    "memory": (
        *must(word("model", "dimm nvdimm virtio-pmem virtio-mem sgx-epc")),
        word("access", "shared private"),
        *flags("discard"),
    ),
    "iommu": must(word("model", "intel smmuv3 virtio")),
    "iommu/driver": (*switches("intremap caching_mode iotlb eim"), number("aw_bits")),
    "vsock": (word("model", f"default {VIRTIO_MODELS}"),),
    "vsock/cid": (number("address", zero=False), *flags("auto")),
    "vsock/driver": VIRTIO,
    "lease/target": numbers("offset", ULONG),
    "redirfilter/usbdev": (
        *numbers("class vendor product", INT, base=0),
        *must(*flags("allow")),
    ),
}  # fmt: skip
