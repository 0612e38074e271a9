"""Disks (`virDomainDiskDefValidate`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.checks.alone.common import positive, refuse, refuse_virtio_options
from virtloom.xmldef.domain.checks.refusal import internal, malformed, unsupported
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.volumes import actual_type

WITHOUT_AUTH = ("nbd", "sheepdog", "gluster", "tftp", "vxhs", "nfs")
SECRET_TYPES = ("none", "volume", "ceph", "iscsi", "tls", "vtpm")
SECRET_OF = {"iscsi": "iscsi", "rbd": "ceph"}
WITH_DRIVES = ("ide", "fdc", "scsi", "sata")
NAMES = ("hd", "sd", "vd", "xvd", "ubd")
LENGTHS = {"vendor": 8, "product": 16}
VHOST_USER_OPTIONS = {
    "cache": "cache", "error_policy": "error_policy", "rerror_policy": "error_policy", "io": "io",
    "ioeventfd": "ioeventfd", "copy_on_read": "copy_on_read", "discard": "discard", "iothread": "iothread",
    "detect_zeroes": "detect_zeroes",
}  # fmt: skip
VHOST_USER_ELEMENTS = ("iotune", "backingStore", "encryption", "readonly", "shareable", "transient", "serial", "wwn",
                       "vendor", "product", "auth", "geometry", "blockio")  # fmt: skip


def _sources(disk: Node, domain: Domain) -> None:
    """What images can be asked of their servers (`virDomainDiskDefValidateSource`)."""
    holder: Node | None = disk
    while holder is not None:
        source = holder.find("source")
        if source is not None:
            _source(holder.get("type") or "file", holder, source)
        holder = holder.find("backingStore")


def _source(kind: str, holder: Node, source: Node) -> None:
    auth, encryption = (source.find(tag) or holder.find(tag) for tag in ("auth", "encryption"))
    if kind == "network" and auth is not None:
        _authentication(source.get("protocol") or "", auth)
    if encryption is not None and encryption.get("format") == "luks" and encryption.value("cipher", "name"):
        raise unsupported("supplying <cipher> for domain disk definition is unnecessary")
    for tag in ("snapshot", "config"):
        if kind != "network" and source.find(tag) is not None:
            raise malformed(f"<{tag}> element is currently supported only with 'rbd' disks")


def _authentication(protocol: str, auth: Node) -> None:
    if protocol in WITHOUT_AUTH:
        raise unsupported(f"authentication is not supported for protocol '{protocol}'")
    kind = auth.value("secret", "type")
    if kind not in SECRET_TYPES:
        raise unsupported(f"unknown secret type '{kind or '<null>'}'")
    if protocol in SECRET_OF and kind != SECRET_OF[protocol]:
        raise unsupported(f"invalid secret type '{kind}'")


def _raw(disk: Node, domain: Domain) -> None:
    """What only a disk that is passed through can have."""
    sgio, lun = disk.get("sgio"), disk.get("device") == "lun"
    if sgio == "unfiltered":
        raise unsupported("unfiltered sgio is no longer supported")
    if lun:
        _lun(disk)
    else:
        refuse(
            (
                (disk.find("source/reservations"), "<reservations/> allowed only for lun devices"),
                (disk.get("rawio"), "rawio can be used only with device='lun'"),
                (sgio, "sgio can be used only with device='lun'"),
            )
        )


def _lun(disk: Node) -> None:
    kind, protocol = disk.get("type") or "file", disk.value("source", "protocol")
    if kind == "network" and protocol != "iscsi":
        raise unsupported(f"disk device='lun' is not supported for protocol='{protocol}'")
    source = disk.find("source")
    encrypted = disk.find("encryption") or (source.find("encryption") if source is not None else None)
    refuse(
        (
            (kind not in ("block", "network", "volume"),
             "disk device='lun' is only valid for block type disk source"),
            (disk.value("driver", "type") not in (None, "raw"), "disk device 'lun' must use 'raw' format"),
            (disk.find("source/slices"), "disk device 'lun' doesn't support storage slice"),
            (encrypted is not None and encrypted.get("format") != "default",
             "disk device 'lun' doesn't support encryption"),
        )
    )  # fmt: skip


def _limits(disk: Node, domain: Domain) -> None:
    """A total, or one for each direction."""
    tune = disk.find("iotune")
    if tune is None:
        return
    said = {one.tag for one in tune.children if one.text.strip() not in ("", "0")}
    for unit in ("bytes_sec", "iops_sec", "bytes_sec_max", "iops_sec_max"):
        if f"total_{unit}" in said and {f"read_{unit}", f"write_{unit}"} & said:
            raise malformed(f"total and read/write {unit} cannot be set at the same time")


def _connection(disk: Node, domain: Domain) -> None:
    """What goes with the disk's bus."""
    bus, place = disk.value("target", "bus"), disk.value("address", "type")
    if bus in WITH_DRIVES and place not in (None, "drive"):
        name = disk.value("target", "dev")
        raise unsupported(f"Invalid address type '{place}' for the disk '{name}' with the bus type '{bus}'")
    if bus == "virtio":
        return
    model = disk.get("model") or ""
    if model.startswith("virtio"):
        raise unsupported(f"disk model '{model}' not supported for bus '{bus}'")
    driver = disk.find("driver")
    options = {} if driver is None else driver.attrs
    refuse(
        (
            (options.get("queues") not in (None, "0"),
             "queues attribute in disk driver element is only supported by virtio-blk"),
            ("event_idx" in options, "disk event_idx mode supported only for virtio bus"),
            ("ioeventfd" in options, "disk ioeventfd mode supported only for virtio bus"),
        )
    )  # fmt: skip
    refuse_virtio_options(disk)


def _vhost_user(disk: Node, domain: Domain) -> None:
    """What a server of vhost-user does by itself (`virDomainDiskVhostUserValidate`)."""
    if disk.get("type") != "vhostuser":
        return
    driver = disk.find("driver")
    options = {} if driver is None else driver.attrs
    with_format = driver is not None and driver.find("metadata_cache/max_size") is not None
    refuse(
        (
            (disk.value("target", "bus") != "virtio", "vhostuser disk supports only virtio bus"),
            (disk.get("snapshot") != "no", "only snapshot=no is supported with vhostuser disk"),
            *((options.get(name, "default") != "default", f"{what} is not supported with vhostuser disk")
              for name, what in VHOST_USER_OPTIONS.items()),
            (with_format, "metadata_cache is not supported with vhostuser disk"),
            *((disk.find(tag), f"{tag} is not supported with vhostuser disk") for tag in VHOST_USER_ELEMENTS),
        )
    )  # fmt: skip


def _parts(disk: Node, domain: Domain) -> None:
    """A tray, a vendor, a medium: each where it can be."""
    kind = disk.get("device") or "disk"
    if disk.get("type") == "nvme" and not positive(disk, "source", "namespace"):
        raise unsupported("NVMe namespace can't be zero")
    if disk.value("target", "tray") == "open" and kind not in ("floppy", "cdrom"):
        raise unsupported("tray is only valid for cdrom and floppy")
    for tag, most in LENGTHS.items():
        text = next((one.text for one in disk.all(tag)), "")
        if not text.isprintable():
            raise malformed(f"disk {tag} is not printable string")
        if len(text) > most:
            raise unsupported(f"disk {tag} is more than {most} characters")
    bus = disk.value("target", "bus")
    if (kind == "floppy") is not (bus == "fdc"):
        raise internal(f"Invalid bus type '{bus}' for {'floppy disk' if kind == 'floppy' else 'disk'}")
    if disk.value("target", "removable") is not None and bus != "usb":
        raise malformed("removable is only valid for usb disks")
    _policy(disk, kind)


def _policy(disk: Node, kind: str) -> None:
    source, where = disk.find("source"), disk.get("type") or "file"
    policy = None if source is None else source.get("startupPolicy")
    if source is not None and policy is not None and actual_type(where, source) == "network":
        raise malformed(f"disk startupPolicy '{policy}' is not allowed for disk of '{where}' type")
    if policy == "requisite" and kind not in ("cdrom", "floppy"):
        raise malformed("disk startupPolicy 'requisite' is allowed only for cdrom or floppy")


def _name(disk: Node, domain: Domain) -> None:
    """What a disk is called, and that a disk that has no tray has an image."""
    name, kind = disk.value("target", "dev") or "", disk.get("device") or "disk"
    if kind in ("disk", "lun") and not name.startswith(NAMES):
        raise internal(f"Invalid harddisk device name: {name}")
    if kind == "floppy" and not name.startswith("fd"):
        raise internal(f"Invalid floppy device name: {name}")
    if kind == "disk" and _is_empty(disk):
        raise VirtError(ErrorCode.NO_SOURCE, name, ErrorDomain.DOMAIN)


def _is_empty(disk: Node) -> bool:
    where = disk.get("type") or "file"
    source = disk.find("source")
    names = {"file": "file", "block": "dev", "dir": "dir"}
    return (
        where in names and (source is None or not source.get(names[where])) and disk.value("source", "fdgroup") is None
    )


def _chain(disk: Node) -> Iterator[Node]:
    holder: Node | None = disk
    while holder is not None:
        yield holder
        holder = holder.find("backingStore")


def _labels(disk: Node, domain: Domain) -> None:
    """Labels of images are for guests whose files are labelled (`virSecurityDeviceLabelDefValidate`)."""
    fixed = {label.get("model") for label in domain.seclabel if label.get("relabel") == "no"}
    for holder in _chain(disk):
        source = holder.find("source")
        for label in () if source is None else source.all("seclabel"):
            if label.get("model") in fixed:
                raise unsupported("label overrides require relabeling to be enabled at the domain level")


STEPS: tuple[Callable[[Node, Domain], None], ...] = (
    _sources,
    _raw,
    _limits,
    _connection,
    _vhost_user,
    _labels,
    _parts,
    _name,
)
