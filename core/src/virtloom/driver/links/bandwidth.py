"""How much a link of the host may carry: what it sends is shaped, what it receives is dropped above its rate.

The queue and the filter are those of `virNetDevBandwidthSet` (tc-htb(8), the action police of tc(8)). A kilobyte of a
rate is 1000 bytes and one of a burst 1024, as libvirt's users have them from tc.
"""

from __future__ import annotations

import errno
from contextlib import suppress
from typing import Any

from virtloom.driver.links.netlink import index, netlink, netlink_error, telling
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.network.bandwidth import Bandwidth, Rate

QUEUE, CLASS, FLOWS, INGRESS = 0x10000, 0x10001, 0x20000, 0xFFFF0000  # handles: major number above, minor below
ROOT, INGRESS_ROOT = 0xFFFFFFFF, 0xFFFFFFF1  # where queues hang that have no other above
ALL_PROTOCOLS = 3  # ETH_P_ALL
FRAME = 1500  # bytes
POLICED_FRAME = 1 << 16  # bytes: the largest that a filter sees at once
PERTURB = 10  # s between two reshuffles of flows
LARGEST = (1 << 32) - 1


def limit_guest(name: str, bandwidth: Bandwidth | None) -> None:
    """Limit the host's end of a link whose other end is a guest's; limits that it had before are taken away.

    :raises VirtError: SYSTEM_ERROR, or OPERATION_UNSUPPORTED if the kernel cannot; then there is no limit.
    """
    inbound, outbound = (bandwidth.inbound, bandwidth.outbound) if bandwidth is not None else (None, None)
    limit(name, sent=inbound, received=outbound)


def limit(name: str, *, sent: Rate | None, received: Rate | None) -> None:
    """Limit a link; None takes a limit away. See `limit_guest`."""
    with netlink() as route:
        place = index(route, name)
        _clear(route, place)
        try:
            if sent is not None and sent.average:
                with telling(f"Unable to limit what '{name}' sends"):
                    _shape(route, place, sent)
            if received is not None and received.average:
                with telling(f"Unable to limit what '{name}' receives"):
                    _police(route, place, received)
        except VirtError as error:
            _clear(route, place)
            if error.int1 not in (errno.ENOENT, errno.EOPNOTSUPP):
                raise
            detail = "the kernel cannot limit the bandwidth of interfaces"
            hint = "it lacks sch_htb, sch_ingress, cls_u32 or act_police"
            raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail, ErrorDomain.NONE, hint=hint) from error


def _clear(route: Any, place: int | None) -> None:
    for kind, parent in (("htb", ROOT), ("ingress", INGRESS_ROOT)):
        with suppress(netlink_error()):  # it had none
            route.tc("del", kind, place, parent=parent)


def _shape(route: Any, place: int | None, rate: Rate) -> None:
    average = rate.average or 0
    burst = {"burst": rate.burst << 10} if rate.burst else {}
    quantum = max(average * 1024 // 8 // FRAME, 1)
    peak = (rate.peak or average) * 1000
    route.tc("add", "htb", place, QUEUE, default=1)
    route.tc("add-class", "htb", place, CLASS, parent=QUEUE, rate=average * 1000, ceil=peak, quantum=quantum, **burst)
    with suppress(netlink_error()):  # a kernel without it has one queue for all flows, which limits as well
        route.tc("add", "sfq", place, FLOWS, parent=CLASS, perturb=PERTURB)


def _police(route: Any, place: int | None, rate: Rate) -> None:
    average = rate.average or 0
    burst = min((rate.burst or average) << 10, LARGEST)
    route.tc("add", "ingress", place)
    route.tc(
        "add-filter",
        "u32",
        place,
        parent=INGRESS,
        protocol=ALL_PROTOCOLS,
        target=1,
        keys=["0x0/0x0+0"],
        rate=average * 1000,
        burst=burst,
        mtu=POLICED_FRAME,
        action="drop",
    )
