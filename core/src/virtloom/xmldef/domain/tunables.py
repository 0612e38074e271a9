"""Tunables of a domain's memory, disks and processors: their elements as plain numbers and back."""

from __future__ import annotations

from collections.abc import Mapping

from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain

UNLIMITED = 9007199254740991  # VIR_DOMAIN_MEMORY_PARAM_UNLIMITED, in KiB

MEMTUNE = ("hard_limit", "soft_limit", "swap_hard_limit")
CPUTUNE = ("shares", "period", "global_period", "quota", "global_quota", "emulator_period", "emulator_quota",
           "iothread_period", "iothread_quota")  # fmt: skip
BLKIO_DEVICE = ("device_weight", "device_read_iops_sec", "device_write_iops_sec", "device_read_bytes_sec",
                "device_write_bytes_sec")  # fmt: skip
BLKIO_FIELDS = ("weight", "read_iops_sec", "write_iops_sec", "read_bytes_sec", "write_bytes_sec")


def memory_limits(definition: Domain) -> dict[str, int]:
    """The limits that a definition sets, in KiB."""
    tune = definition.memtune
    return {} if tune is None else {node.tag: int(node.text) for node in tune.children if node.tag in MEMTUNE}


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
    if len(parts) % 2 or not all(rate.isdigit() for rate in parts[1::2]):
        detail = f"unable to parse blkio device '{name}' '{text}'"
        raise VirtError(ErrorCode.INVALID_ARG, detail)
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


def check_memory_limits(limits: Mapping[str, int]) -> None:
    """Refuse a limit above the one that counts swap too.

    :raises VirtError: INVALID_ARG.
    """
    if limits.get("hard_limit", UNLIMITED) > limits.get("swap_hard_limit", UNLIMITED):
        detail = "memory hard_limit tunable value must be lower than or equal to swap_hard_limit"
        raise VirtError(ErrorCode.INVALID_ARG, detail)


def with_memory_limits(definition: Domain, limits: Mapping[str, int]) -> Domain:
    """A definition with such limits, in KiB; UNLIMITED or more is none."""
    tune = Node("memtune")
    for name in MEMTUNE:
        if limits.get(name, UNLIMITED) < UNLIMITED:
            tune.add(name, {"unit": "KiB"}, str(limits[name]))
    return definition.replace(memtune=tune if tune.children else None)


def cpu_tunables(definition: Domain) -> dict[str, int]:
    """The shares, periods and quotas (in us) that a definition sets."""
    tune = definition.cputune
    return {} if tune is None else {node.tag: int(node.text) for node in tune.children if node.tag in CPUTUNE}


def with_cpu_tunables(definition: Domain, given: Mapping[str, int]) -> Domain:
    """A definition with some of them changed."""
    old = definition.cputune.children if definition.cputune is not None else []
    numbers = {**cpu_tunables(definition), **given}
    tune = Node("cputune")
    for name in CPUTUNE:
        if name in numbers and (numbers[name] or name == "shares"):
            tune.add(name, text=str(numbers[name]))
    tune.children += [node for node in old if node.tag not in CPUTUNE]
    return definition.replace(cputune=tune if tune.children else None)
