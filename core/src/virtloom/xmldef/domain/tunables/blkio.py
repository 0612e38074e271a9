"""How much a guest may read from and write to the host's disks (`<blkiotune>`)."""

from __future__ import annotations

from collections.abc import Mapping

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain

BLKIO_DEVICE = ("device_weight", "device_read_iops_sec", "device_write_iops_sec", "device_read_bytes_sec",
                "device_write_bytes_sec")  # fmt: skip
BLKIO_FIELDS = ("weight", "read_iops_sec", "write_iops_sec", "read_bytes_sec", "write_bytes_sec")
FIELDS = dict(zip(BLKIO_DEVICE, BLKIO_FIELDS, strict=True))  # of a device's element, by the parameters' names
Rates = dict[str, dict[str, int]]


def blkio(definition: Domain) -> tuple[int, Rates]:
    """The weight of a definition's `<blkiotune>`, and its devices' rates by path."""
    tune = definition.blkiotune
    if tune is None:
        return 0, {}
    weight = tune.find("weight")
    devices: Rates = {}
    for node in tune.all("device"):
        path = node.find("path")
        if path is not None:
            devices[path.text] = {child.tag: int(child.text) for child in node.children if child.tag in BLKIO_FIELDS}
    return int(weight.text) if weight is not None else 0, devices


def merge_device_rates(devices: Rates, field: str, text: str, name: str) -> None:
    """Put rates given as "path,rate,path,rate" into the devices' (`virDomainDriverParseBlkioDeviceStr`).

    :raises VirtError: INVALID_ARG if the text is no such list.
    """
    parts = text.split(",") if text else []
    for path, rate in zip(parts[::2], parts[1::2], strict=False):
        if not rate.isdigit():
            detail = f"invalid value '{rate}' for parameter '{name}' of device '{path}'"
            raise VirtError(ErrorCode.INVALID_ARG, detail, ErrorDomain.NONE)
    if len(parts) % 2:
        detail = f"unable to parse blkio device '{name}' '{text}'"
        raise VirtError(ErrorCode.INVALID_ARG, detail, ErrorDomain.NONE)
    for path, given in zip(parts[::2], parts[1::2], strict=True):
        devices.setdefault(path, {})[field] = int(given)


def blkio_node(weight: int, devices: Rates) -> Node | None:
    """The `<blkiotune>` of a weight and rates; None if it says nothing."""
    node = Node("blkiotune")
    if weight:
        node.add("weight", text=str(weight))
    for path, rates in devices.items():
        if any(rates.values()):
            device = node.add("device")
            device.add("path", text=path)
            for field in BLKIO_FIELDS:
                if rates.get(field):
                    device.add(field, text=str(rates[field]))
    return node if node.children else None


def with_blkio(definition: Domain, given: Mapping[str, int | float | str]) -> tuple[int, Rates]:
    """The weight and the rates of a definition, with some changed.

    :param given: by the parameters' names: `weight`, and lists as for `merge_device_rates`.
    """
    weight, devices = blkio(definition)
    for name, field in FIELDS.items():
        if name in given:
            merge_device_rates(devices, field, str(given[name]), name)
    return int(given.get("weight", weight)), devices


def device_lists(devices: Rates) -> dict[str, str]:
    """The rates of devices as one list for each parameter."""
    return {
        name: ",".join(f"{path},{rates[field]}" for path, rates in devices.items() if rates.get(field))
        for name, field in FIELDS.items()
    }
