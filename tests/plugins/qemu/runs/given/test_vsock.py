"""The number that a guest has in the socket family: the one that it wants, or the first that nobody has."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from pathlib import Path
from typing import Any

import pytest

from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef import document
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.runs.given import vsock


@pytest.fixture
def taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """The numbers that other guests have, on a host that has the device."""
    numbers: set[int] = set()

    def ioctl(descriptor: int, request: int, argument: bytes) -> int:
        (number,) = struct.unpack("Q", argument)
        if number in numbers:
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
        return 0

    (tmp_path / "vsock").touch()
    monkeypatch.setattr(vsock, "DEVICE", str(tmp_path / "vsock"))
    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    return numbers


def guest(cid: str) -> Domain:
    text = f"<domain type='qemu'><name>g</name><memory>1</memory><devices><vsock>{cid}</vsock></devices></domain>"
    return Domain.read(document.parse(text, "domain"))


def number(live: Domain) -> Any:
    assert live.parts.vsock is not None
    return live.parts.vsock.value("cid", "address")


def test_a_number_is_chosen_that_no_other_guest_has(taken: set[int]) -> None:
    taken |= {3, 4}
    with vsock.vsock_opened(guest("<cid auto='yes'/>")) as (live, opened):
        assert number(live) == "5"
        assert list(opened) == ["vsock0"]
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(opened["vsock0"])


def test_a_number_that_another_guest_has_is_refused(taken: set[int]) -> None:
    with vsock.vsock_opened(guest("<cid auto='no' address='7'/>")) as (live, _):
        assert number(live) == "7"
    taken.add(7)
    with pytest.raises(VirtError, match="failed to set guest cid: Address already in use") as caught:
        vsock.vsock_opened(guest("<cid auto='no' address='7'/>")).__enter__()
    assert caught.value.code == ErrorCode.SYSTEM_ERROR


def test_a_guest_without_opens_nothing() -> None:
    alone = Domain.read(document.parse("<domain type='qemu'><name>g</name><memory>1</memory></domain>", "domain"))
    with vsock.vsock_opened(alone) as (live, opened):
        assert (live, dict(opened)) == (alone, {})
