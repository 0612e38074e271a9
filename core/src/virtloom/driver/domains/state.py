"""The state of one domain, and what is shown of it without a lock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from virtloom.driver.constants.domain import DomainModificationImpact as Impact
from virtloom.driver.constants.domain_state import DomainShutoffReason
from virtloom.driver.constants.domain_state import DomainState as State
from virtloom.driver.domains.moments import NONE, Moments
from virtloom.driver.handles import DomainHandle
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.domain.definition import Domain


class View(NamedTuple):
    """A domain as it was at its last change: what lists and simple queries answer from, with no lock."""

    handle: DomainHandle
    state: int
    reason: int
    persistent: bool
    autostart: bool
    managed_save: bool
    snapshots: int
    checkpoints: int
    definition: Domain
    config: Domain

    @property
    def active(self) -> bool:
        """Whether it runs, paused or not."""
        return self.handle.id >= 0


@dataclass
class DomainState:
    """One domain (libvirt: `virDomainObj`). Definitions are immutable and replaced whole.

    :ivar definition: what runs, or what would be started.
    :ivar next: while it runs, what it will be at its next start; None when it does not run.
    :ivar id: its number while it runs, -1 otherwise.
    """

    definition: Domain
    next: Domain | None = None
    id: int = -1
    state: int = State.SHUTOFF
    reason: int = DomainShutoffReason.UNKNOWN
    persistent: bool = False
    autostart: bool = False
    managed_save: bool = False
    snapshots: Moments = NONE
    checkpoints: Moments = NONE

    @property
    def handle(self) -> DomainHandle:
        """How clients name it now."""
        assert self.definition.uuid is not None
        return DomainHandle(self.definition.name, self.definition.uuid, self.id)

    @property
    def active(self) -> bool:
        """Whether it runs, paused or not."""
        return self.id >= 0

    @property
    def config(self) -> Domain:
        """The definition that is kept: that of the next start, if it runs."""
        return self.definition if self.next is None else self.next

    def view(self) -> View:
        """What is shown of it without a lock."""
        return View(
            self.handle,
            self.state,
            self.reason,
            self.persistent,
            self.autostart,
            self.managed_save,
            len(self.snapshots),
            len(self.checkpoints),
            self.definition,
            self.config,
        )

    def require_active(self) -> None:
        """Refuse what only a running domain can do (`virDomainObjCheckActive`).

        :raises VirtError: OPERATION_INVALID.
        """
        if not self.active:
            raise VirtError(ErrorCode.OPERATION_INVALID, "domain is not running", ErrorDomain.DOMAIN)

    def impact(self, flags: int) -> int:
        """Which definitions a change is for, as LIVE and CONFIG (`virDomainObjUpdateModificationImpact`).

        :raises VirtError: OPERATION_INVALID if the domain has no such definition.
        """
        chosen = flags & (Impact.LIVE | Impact.CONFIG) or (Impact.LIVE if self.active else Impact.CONFIG)
        if chosen & Impact.LIVE:
            self.require_active()
        if chosen & Impact.CONFIG and not self.persistent:
            detail = "transient domains do not have any persistent config"
            raise VirtError(ErrorCode.OPERATION_INVALID, detail, ErrorDomain.DOMAIN)
        return chosen

    def chosen(self, flags: int) -> Domain:
        """The one definition that a query is for (`virDomainObjGetOneDef`).

        :raises VirtError: as `impact`; INVALID_ARG if both are asked for.
        """
        if flags & Impact.LIVE and flags & Impact.CONFIG:
            detail = "Flags 'VIR_DOMAIN_AFFECT_LIVE' and 'VIR_DOMAIN_AFFECT_CONFIG' are mutually exclusive"
            raise VirtError(ErrorCode.INVALID_ARG, detail, ErrorDomain.DOMAIN, verbatim=True)
        return self.definition if self.impact(flags) == Impact.LIVE else self.config

    def change(self, flags: int, **fields: Any) -> None:
        """Replace fields of the definitions that the flags choose."""
        chosen = self.impact(flags)
        if chosen & Impact.LIVE:
            self.definition = self.definition.replace(**fields)
        if chosen & Impact.CONFIG:
            self.set_config(self.config.replace(**fields))

    def set_config(self, definition: Domain) -> None:
        """Replace the definition that is kept."""
        if self.next is None:
            self.definition = definition
        else:
            self.next = definition

    def set_chosen(self, flags: int, definition: Domain) -> None:
        """Replace the one definition that the flags choose."""
        if self.impact(flags) & Impact.LIVE:
            self.definition = definition
        else:
            self.set_config(definition)

    def start(self, number: int, reason: int) -> None:
        """It runs, with its definition as it is; what is defined from now on is for its next start."""
        self.id = number
        self.state, self.reason = State.RUNNING, reason
        self.next = self.definition
        self.managed_save = False

    def end(self, reason: int) -> None:
        """It runs no more, and is what it would be at its next start."""
        self.id = -1
        self.state, self.reason = State.SHUTOFF, reason
        if self.next is not None:
            self.definition, self.next = self.next, None
