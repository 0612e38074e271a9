"""Limits of a guest's input and output: its weight, and rates of single devices, in each version's own words."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from virtloom.driver.cgroups.files import File
from virtloom.driver.cgroups.group import Group
from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.tunables import blkio

WEIGHTS = (File("blkio", "blkio.weight", "io.weight"), File("blkio", "blkio.bfq.weight", "io.bfq.weight"))
DEVICE_WEIGHTS = (
    File("blkio", "blkio.weight_device", "io.weight"),
    File("blkio", "blkio.bfq.weight_device", "io.bfq.weight"),
)


class Rate(NamedTuple):
    """How a rate of a device is said: the file of version 1, and the word in `io.max` of version 2."""

    file: str
    word: str


RATES = {
    "read_bytes_sec": Rate("blkio.throttle.read_bps_device", "rbps"),
    "write_bytes_sec": Rate("blkio.throttle.write_bps_device", "wbps"),
    "read_iops_sec": Rate("blkio.throttle.read_iops_device", "riops"),
    "write_iops_sec": Rate("blkio.throttle.write_iops_device", "wiops"),
}


def settings(domain: Domain, group: Group) -> Iterator[tuple[File, str]]:
    """What a definition asks for (`virDomainCgroupSetupBlkio`).

    :param group: one that is there, to see what the kernel offers.
    :raises VirtError: SYSTEM_ERROR for a device that is not there, OPERATION_INVALID for a weight that the device's
        scheduler of input and output does not know.
    """
    weight, devices = blkio(domain)
    if weight:
        yield weight_file(group), str(weight)
    for path, rates in devices.items():
        yield from (device_setting(group, path, field, rate) for field, rate in rates.items() if rate)


def weight_file(group: Group) -> File:
    """The file of the weight, which depends on the scheduler."""
    return next((file for file in WEIGHTS if group.has(file)), WEIGHTS[0])


def device_setting(group: Group, path: str, field: str, value: int) -> tuple[File, str]:
    """One setting of one device.

    :param field: `weight` or one of the rates, by the names of `<blkiotune>`; :param value: 0 takes a rate away.
    :raises VirtError: see `settings`.
    """
    place = numbers(path)
    if field == "weight":
        file = next((file for file in DEVICE_WEIGHTS if group.has(file)), None)
        if file is None:
            raise _no_weight()
        return file, f"{place} {value}"
    rate = RATES[field]
    if group.version("blkio") == 2:
        return File("blkio", "", "io.max"), f"{place} {rate.word}={value or 'max'}"
    return File("blkio", rate.file, ""), f"{place} {value}"


def change(group: Group, devices: Mapping[str, Mapping[str, int]], fields: list[str]) -> None:
    """Change some settings of devices for a guest that runs.

    :param fields: which of them.
    :raises VirtError: see `settings`, and what the kernel refuses.
    """
    for path, rates in devices.items():
        for field in (field for field in fields if field in rates):
            file, value = device_setting(group, path, field, rates[field])
            try:
                group.write(file, value)
            except VirtError as error:
                if field == "weight" and getattr(error.__cause__, "errno", None) == errno.EOPNOTSUPP:
                    raise _no_weight() from error
                raise


def _no_weight() -> VirtError:
    """The scheduler of a device's input and output knows no weights."""
    detail = "blkio device weight is valid only for cfq scheduler"
    return VirtError(ErrorCode.OPERATION_INVALID, detail, ErrorDomain.CGROUP)


def numbers(path: str) -> str:
    """A device's major and minor number.

    :raises VirtError: SYSTEM_ERROR.
    """
    try:
        found = os.stat(path)
    except OSError as error:
        raise system_error(error, f"Path '{path}' is not accessible", ErrorDomain.CGROUP) from error
    return f"{os.major(found.st_rdev)}:{os.minor(found.st_rdev)}"
