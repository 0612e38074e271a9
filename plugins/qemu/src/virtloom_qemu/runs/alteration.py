"""A change of a domain: of its run, of what is kept for its next start, or of both, as flags say.

    with self._altering(dom, flags) as change:
        if change.live is not None:
            change.talk.ask(...)                 # no lock is held here
            change.live = change.live.replace(...)
        if change.config is not None:
            change.config = change.config.replace(...)

When the block ends well, what is kept is written, the state follows, and the guest's status is kept. What the block
raises leaves the definitions as they were.
"""

from __future__ import annotations

from dataclasses import dataclass

from virtloom.xmldef.domain.definition import Domain
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

    @property
    def talk(self) -> Talk:
        """The talk with the monitor; there is one if the running definition is to change."""
        assert self.talk_or_none is not None
        return self.talk_or_none
