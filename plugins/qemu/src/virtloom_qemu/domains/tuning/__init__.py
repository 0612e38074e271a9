"""Tunables of guests: what they may use of the host, now and at their next start."""

from collections.abc import Mapping

from virtloom.driver.domains.tunables import PARAM_COUNTS
from virtloom_qemu.domains.tuning.accounting import Accounting
from virtloom_qemu.domains.tuning.counters import Counters
from virtloom_qemu.domains.tuning.rates import InterfaceRates
from virtloom_qemu.domains.tuning.scheduling import Scheduling
from virtloom_qemu.domains.tuning.throttling import Throttling


class Tuning(Scheduling, Accounting, Throttling, InterfaceRates, Counters):
    """All calls for tunables."""

    # Of these alone the count is told whatever the domain's state is.
    param_counts: Mapping[str, int] = {
        name: PARAM_COUNTS[name] for name in ("domain_get_blkio_parameters", "domain_get_interface_parameters")
    }


__all__ = ["Tuning"]
