"""How much interfaces may carry (`domiftune`): queues and filters at their end on the host."""

from __future__ import annotations

from collections.abc import Sequence

from virtloom.driver.constants.domain import DomainModificationImpact as Impact
from virtloom.driver.domains.tunables import BANDWIDTH, STRING_OKAY
from virtloom.driver.handles import DomainHandle
from virtloom.driver.params import TypedParam
from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Interface
from virtloom_qemu.command.devices.interfaces import TAPS
from virtloom_qemu.domains.base import DomainsBase
from virtloom_qemu.domains.devices import find_interface
from virtloom_qemu.hotplug.finding import replaced
from virtloom_qemu.runs.given.ends import limit_interface

BOTH = Impact.LIVE | Impact.CONFIG


class InterfaceRates(DomainsBase):
    """The calls that limit interfaces."""

    def domain_get_interface_parameters(self, dom: DomainHandle, device: str, flags: int) -> list[TypedParam]:
        """`virDomainGetInterfaceParameters`: in kB/s, bursts in kB."""
        self._check_flags(flags & ~STRING_OKAY, BOTH, "DomainGetInterfaceParameters")
        with self._reading(dom) as state:
            definition = state.chosen(flags)
        return BANDWIDTH.told(find_interface(definition, device))

    def domain_set_interface_parameters(
        self, dom: DomainHandle, device: str, params: Sequence[TypedParam], flags: int
    ) -> None:
        """`virDomainSetInterfaceParameters`: in kB/s, bursts in kB."""
        self._check_flags(flags, BOTH, "DomainSetInterfaceParameters")
        given = BANDWIDTH.checked(params)
        with self._altering(dom, flags) as change:
            found = [find_interface(one, device) for one in (change.live, change.config) if one is not None]
            for one in found:
                _refuse_unlimited(one)
            if change.config is not None:
                kept = found[-1]
                change.config = _with(change.config, kept, BANDWIDTH.changed(kept, given))
            if change.live is not None:
                changed = BANDWIDTH.changed(found[0], given)
                if given.get("inbound.floor") and found[0].type != "network":
                    raise _no_floor(found[0])
                limit_interface(changed)
                change.live = _with(change.live, found[0], changed)


def _refuse_unlimited(one: Interface) -> None:
    if one.type not in TAPS:
        detail = f"setting bandwidth on interfaces of type '{one.type}' is not implemented yet"
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail)


def _no_floor(one: Interface) -> VirtError:
    mac = one.mac.address if one.mac is not None else None
    detail = (
        f"Invalid use of 'floor' on interface with MAC address {mac} - 'floor' is only supported for interface type "
        "'network' with forward type 'nat', 'route', 'open' or none"
    )
    return VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail)


def _with(definition: Domain, old: Interface, new: Interface) -> Domain:
    return replaced(definition, "interface", old, new)
