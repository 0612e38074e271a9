"""The socket family between guest and host: the kernel's end, and the number that the guest has there (vsock(7))."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count

from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain

DEVICE = "/dev/vhost-vsock"
SET_GUEST_CID = 0x4008AF60  # VHOST_VSOCK_SET_GUEST_CID of linux/vhost.h
FIRST_CID = 3  # those below mean hosts
ALIAS = "vsock0"


@contextmanager
def vsock_opened(definition: Domain) -> Iterator[tuple[Domain, Mapping[str, int]]]:
    """Open the kernel's end for a guest that has such a device, for a block in which QEMU gets it.

    :return: the definition, with the guest's number, and the descriptor by the device's alias.
    :raises VirtError: CONFIG_UNSUPPORTED where the host has none, SYSTEM_ERROR for a number that another guest has.
    """
    device = definition.parts.vsock
    if device is None:
        yield definition, {}
        return
    try:
        descriptor = os.open(DEVICE, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, "unable to open vhost-vsock device") from error
    try:
        yield definition.with_devices(vsock=_numbered(device, descriptor)), {ALIAS: descriptor}
    finally:
        os.close(descriptor)


def _numbered(device: Node, descriptor: int) -> Node:
    made = device.copy()
    cid = made.need("cid")
    if cid.get("auto") == "yes":
        cid.attrs["address"] = str(_first_free(descriptor))
        return made
    try:
        _set(descriptor, int(cid.get("address") or 0))
    except OSError as error:
        raise system_error(error, "failed to set guest cid", ErrorDomain.NONE) from error
    return made


def _first_free(descriptor: int) -> int:
    for number in count(FIRST_CID):
        try:
            _set(descriptor, number)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise system_error(error, "failed to acquire guest cid", ErrorDomain.NONE) from error
        else:
            return number
    raise AssertionError("there are always more numbers")


def _set(descriptor: int, number: int) -> None:
    fcntl.ioctl(descriptor, SET_GUEST_CID, struct.pack("Q", number))
