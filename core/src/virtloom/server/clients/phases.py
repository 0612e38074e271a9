"""The life of a client, as a table."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Phase(Enum):
    """Where a client is in its life."""

    ANONYMOUS = "anonymous"
    SERVED = "served"
    LEAVING = "leaving"
    GONE = "gone"


class Rules(NamedTuple):
    """What holds in a phase.

    :ivar takes: whether calls are taken from the client.
    :ivar sends: whether frames are sent to it.
    :ivar next: where it may go from here.
    """

    takes: bool
    sends: bool
    next: frozenset[Phase]


RULES: dict[Phase, Rules] = {
    Phase.ANONYMOUS: Rules(True, True, frozenset({Phase.SERVED, Phase.LEAVING, Phase.GONE})),
    Phase.SERVED: Rules(True, True, frozenset({Phase.LEAVING, Phase.GONE})),
    Phase.LEAVING: Rules(False, True, frozenset({Phase.GONE})),
    Phase.GONE: Rules(False, False, frozenset()),
}
