"""Controllers: models that QEMU has, and options that go with them."""

from __future__ import annotations

from virtloom.xmldef.document import Node
from virtloom_qemu.definition.addresses.bridges import MODEL_NAMES
from virtloom_qemu.definition.checks.refusal import internal, unsupported
from virtloom_qemu.definition.guest import Guest, number, place_type
from virtloom_qemu.settings import Settings

VIRTIO_SCSI = ("virtio-scsi", "virtio-transitional", "virtio-non-transitional")
# By model: the device that QEMU needs for it, and what libvirt calls it when it lacks.
SCSI = {
    "lsilogic": ("lsi53c895a", "the LSI 53C895A SCSI controller"),
    "virtio-scsi": ("virtio-scsi-pci", "virtio scsi controller"),
    "lsisas1068": ("mptsas1068", "the LSI SAS1068 (MPT Fusion) controller"),
    "lsisas1078": ("megasas", "the LSI SAS1078 (MegaRAID) controller"),
    "vmpvscsi": ("pvscsi", "the pvscsi (VMware paravirtual SCSI) controller"),
    "ncr53c90": ("esp", "the NCR53C90 (ESP) controller"),
    "dc390": ("dc390", "the DC390 (ESP) controller"),
    "am53c974": ("am53c974", "the AM53C974 (ESP) controller"),
}
VIRTIO_ONLY = {
    "queues": "'queues' is only supported by virtio-scsi controller",
    "cmd_per_lun": "'cmd_per_lun' is only supported by virtio-scsi controller",
    "max_sectors": "'max_sectors' is only supported by virtio-scsi controller",
    "ioeventfd": "'ioeventfd' is only supported by virtio-scsi controller",
    "iothread": "'iothread' is only supported for virtio-scsi controller",
}
# Options of a PCI controller, and the models that have each; those marked True need it.
EXPANDERS = ("pci-expander-bus", "pcie-expander-bus")
PORTS = ("pcie-root-port", "pcie-switch-downstream-port")
OPTIONS: tuple[tuple[str, tuple[str, ...], bool], ...] = (
    ("index", (), False),
    ("busNr", EXPANDERS, True),
    ("chassisNr", ("pci-bridge",), True),
    ("chassis", PORTS, True),
    ("port", PORTS, True),
    ("hotplug", ("pci-root", *PORTS), False),
)
SHOWN = {"index": "targetIndex"}


def controller(guest: Guest, settings: Settings, device: Node) -> None:
    """A controller is one that QEMU has."""
    kind, model = device.get("type"), device.get("model") or ""
    if kind == "scsi":
        _scsi(guest, device, model)
    if not (kind == "scsi" and model in VIRTIO_SCSI):
        _not_virtio(device)
    if kind == "ide":
        _ide(guest, device)
    elif kind == "pci":
        _pci(guest, device, model)


def _scsi(guest: Guest, device: Node, model: str) -> None:
    if model in ("auto", "buslogic"):
        raise unsupported(f"Unsupported controller model: {model}")
    needed, words = SCSI["virtio-scsi"] if model in VIRTIO_SCSI else SCSI.get(model, ("", ""))
    if needed and not guest.emulator.has(needed):
        raise unsupported(f"This QEMU doesn't support {words}")
    if model == "ncr53c90":
        if number(device, "index"):
            raise unsupported("ncr53c90 can only be used as first SCSI controller")
        raise unsupported("ncr53c90 SCSI controller is not a built-in for this machine")
    thread = device.value("driver", "iothread")
    if model in VIRTIO_SCSI and thread is not None:
        if place_type(device) not in (None, "pci"):
            raise unsupported("virtio-scsi IOThreads only available for virtio pci and virtio ccw controllers")
        if thread not in threads(guest):
            raise unsupported(f"controller iothread '{thread}' not defined in iothreadid")


def threads(guest: Guest) -> set[str]:
    """The numbers of the guest's threads for I/O."""
    listed, count = guest.root.find("iothreadids"), guest.root.find("iothreads")
    if listed is not None:
        return {one.get("id") or "" for one in listed.all("iothread")}
    return {str(number) for number in range(1, int(count.text) + 1)} if count is not None else set()


def _not_virtio(device: Node) -> None:
    driver = device.find("driver")
    for name, detail in VIRTIO_ONLY.items():
        if driver is not None and driver.get(name) not in (None, "0"):
            raise unsupported(detail)


def _ide(guest: Guest, device: Node) -> None:
    if guest.is_i440fx:
        if number(device, "index"):
            raise unsupported("Only a single IDE controller is supported for this machine type")
        return
    raise unsupported("IDE controllers are unsupported for this QEMU binary or machine type")


def _pci(guest: Guest, device: Node, model: str) -> None:
    index, name = number(device, "index"), device.value("model", "name")
    about = f"for PCI controller with index '{index}', model '{model}' and modelName '{name or 'none'}'"
    if model in MODEL_NAMES and name is None:
        raise internal(f"Required option 'modelName' is not set {about}")
    if model not in MODEL_NAMES and name is not None:
        raise unsupported(f"Option 'modelName' is not valid {about}")
    allowed = (MODEL_NAMES.get(model), "ioh3420" if model == "pcie-root-port" else None)
    if name is not None and name not in allowed:
        raise unsupported(f"Option 'modelName' has invalid value {about}")
    if bool(index) == (model not in MODEL_NAMES):
        raise unsupported(f"Index for '{model}' controllers must be {'> 0' if model in MODEL_NAMES else '0'}")
    _hole(guest, device, model, about)
    for option, models, needed in OPTIONS:
        given = device.value("target", option)
        if given is None and needed and model in models:
            raise internal(f"Required option '{option}' is not set {about}")
        if given is not None and model not in models:
            raise unsupported(f"Option '{SHOWN.get(option, option)}' is not valid {about}")
    if device.find("target/node") is not None and model not in EXPANDERS:
        raise unsupported(f"Option 'numaNode' is not valid {about}")


def _hole(guest: Guest, device: Node, model: str, about: str) -> None:
    if device.find("pcihole64") is None:
        return
    if model in MODEL_NAMES:
        raise unsupported(f"Option 'pcihole64' is not valid {about}")
    if not (guest.is_i440fx if model == "pci-root" else guest.is_q35):
        machine = guest.machine_name
        raise unsupported(f"Setting the 64-bit PCI hole size is not supported for machine '{machine}'")
