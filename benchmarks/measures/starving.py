"""How long others wait while one client keeps the daemon computing: the p99 of looking a guest up, before and then.

What computes is Python: reading guests that were never seen before, and documents of a hundred kilobytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from itertools import product
from statistics import median
from string import ascii_lowercase
from typing import NamedTuple

from benchmarks.clients import frames, generator
from benchmarks.clients.loads import define_others
from benchmarks.report.results import Row, Tell
from benchmarks.targets import Target, libvirtd, virtloomd

ROUNDS = 5
SECONDS = 0.5
DISKS = 500  # of the large guest
DISK = "<disk type='file' device='disk'><source file='/images/{0}.img'/><target dev='vd{0}' bus='virtio'/></disk>"
LOOK_UP = [frames.call("domain_lookup_by_name", "test")]


class Latency(NamedTuple):
    """The p99 of look-ups in microseconds: with nobody else, and while somebody disturbs."""

    before: float
    during: float


def _large_guest() -> Sequence[bytes]:
    number = 3_000_000
    names = ["".join(letters) for letters in product(ascii_lowercase, repeat=3)][:DISKS]
    disks = "".join(DISK.format(name) for name in names)
    xml = frames.domain_xml(number).replace("<devices>", f"<devices>{disks}").replace("dev='vda'", "dev='vdz'")
    return frames.call("domain_define_xml", xml), frames.call("domain_undefine", frames.domain_handle(number))


DISTURBANCES = {
    "always other guests are defined": define_others(0),
    f"a guest of {DISKS} disks is defined": _large_guest(),
}


def measure(tell: Tell, only: str = "") -> None:
    """Measure each disturbance in both daemons in turn."""
    with ExitStack() as stack:
        daemons = (stack.enter_context(virtloomd()), stack.enter_context(libvirtd()))
        targets = [target for target in daemons if target is not None]
        for name, disturbance in DISTURBANCES.items():
            if only in name:
                ours, *theirs = _compared(targets, disturbance)
                tell(Row(name, 0, "us", ours.during, theirs[0].during if theirs else None, less=True))
                tell(Row(f"{name}: before", 0, "us", ours.before, theirs[0].before if theirs else None, less=True))


def _compared(targets: Sequence[Target], disturbance: Sequence[bytes]) -> list[Latency]:
    rounds = [[Latency(_p99(target, None), _p99(target, disturbance)) for target in targets] for _ in range(ROUNDS)]
    return [Latency(*map(median, zip(*measured, strict=True))) for measured in zip(*rounds, strict=True)]


def _p99(target: Target, disturbance: Sequence[bytes] | None) -> float:
    """The p99 of look-ups over one connection, while another one has the daemon do something."""
    disturbed = nullcontext() if disturbance is None else generator.begun(target, 2 * SECONDS, [disturbance])
    with disturbed:
        return generator.run(target, SECONDS, [LOOK_UP]).p99
