"""Tunables of guests: what they may use of the host, now and at their next start."""

from collections.abc import Mapping

from virtloom.driver.domains.tunables import PARAM_COUNTS
from virtloom_qemu.domains.tuning.counters import Counters
from virtloom_qemu.domains.tuning.rates import InterfaceRates
from virtloom_qemu.domains.tuning.throttling import Throttling


class Tuning(Throttling, InterfaceRates, Counters):
    """All calls for tunables."""

    param_counts: Mapping[str, int] = PARAM_COUNTS


__all__ = ["Tuning"]
