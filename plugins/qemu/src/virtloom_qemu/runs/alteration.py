"""A change of a domain: of its run, of what is kept for its next start, or of both, as flags say.

    with self._altering(dom, flags) as change:
        if change.live is not None:
            change.talk.ask(...)                 # no lock is held here
            change.live = change.live.replace(...)
        if change.config is not None:
            change.config = change.config.replace(...)

When the block ends well, the state follows what the guest is now, then what is kept is written and follows, and the
guest's status is kept. What the block raises leaves the definitions as they were, or as they were last settled.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from virtloom.xmldef.definition import Definition
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.runs.state import QemuDomain
from virtloom_qemu.runs.talk import Talk


@dataclass
class Alteration:
    """One change.

    :ivar live: the running definition, if it is to change; :ivar config: the kept one, if it is to change.
    :ivar current: the definition that runs, or would: to look things up in.
    """

    live: Domain | None
    config: Domain | None
    current: Domain
    talk_or_none: Talk | None
    _settled: Domain | None = field(init=False)

    def __post_init__(self) -> None:
        self._settled = self.live

    @property
    def talk(self) -> Talk:
        """The talk with the monitor; there is one if the running definition is to change."""
        assert self.talk_or_none is not None
        return self.talk_or_none

    def settle(self, tell: Callable[[QemuDomain], None] = lambda state: None) -> None:
        """Have the state follow what the guest is by now, whatever else the block comes to.

        What was changed meanwhile by others, such as by an event, stays.

        :param tell: run after that, under the lock, to queue an event.
        :raises VirtError: OPERATION_FAILED if the guest ended meanwhile.
        """
        if self.live is None or self._settled is None:
            return
        with self.talk.state() as state:
            if self.live is not self._settled:
                state.definition = merged(state.definition, self._settled, self.live)
                state.status_version += 1
            tell(state)
        self._settled = self.live


def merged(now: Domain, before: Domain, after: Domain) -> Domain:
    """A definition with what changed from one to another."""
    devices = now.parts.replace(**_changes(before.parts, after.parts))
    changes = {name: value for name, value in _changes(before, after).items() if name != "devices"}
    return now.replace(devices=devices, **changes)


def _changes(before: Definition, after: Definition) -> dict[str, Any]:
    names = (one.name for one in before.fields)
    return {name: new for name in names if (new := getattr(after, name)) != getattr(before, name)}
