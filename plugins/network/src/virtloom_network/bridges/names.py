"""The names of bridges: each belongs to one network, also while two are defined at the same time.

Guarantees: a name that was claimed is given to no other network until it is released. Assumes: the names of the host's
own links are read before, with no lock held; one that appears meanwhile is found out when the bridge is made.
"""

from __future__ import annotations

from collections.abc import Collection

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.locks import Level, LockManager

TEMPLATE = "virbr%d"
HIGHEST = 256  # of the numbers that are tried


class BridgeNames:
    """Which network has which bridges: the one it runs on, and the one of its next start."""

    def __init__(self, locks: LockManager) -> None:
        self._lock = locks.lock("bridge names", Level.LEAF)
        self._held: dict[str, frozenset[str]] = {}

    def claim(self, network: str, wanted: str | None, taken: Collection[str]) -> str:
        """A bridge for a network: the wanted one, or a free one if none or a template is wanted.

        :param network: the network's name.
        :param wanted: a name, or one with `%d` where a number goes.
        :param taken: the names of the host's links, none of which is chosen.
        :raises VirtError: INTERNAL_ERROR if another network has it, or no number is free.
        """
        with self._lock:
            others = {name for owner, names in self._held.items() if owner != network for name in names}
            name = wanted if wanted is not None and "%d" not in wanted else _free(wanted, others | set(taken))
            if name in others:
                raise _refused(f"bridge name '{name}' already in use.")
            self._held[network] = self._held.get(network, frozenset()) | {name}
            return name

    def hold(self, network: str, names: frozenset[str]) -> None:
        """Say which bridges a network has now; all others that it claimed are free again."""
        with self._lock:
            if names:
                self._held[network] = names
            else:
                self._held.pop(network, None)


def _free(template: str | None, others: set[str]) -> str:
    form = template if template is not None and template.count("%") == 1 else TEMPLATE
    names = (form.replace("%d", str(number)) for number in range(HIGHEST + 1))
    for name in names:
        if name not in others:
            return name
    raise _refused(f"Bridge generation exceeded max id {HIGHEST}")


def _refused(detail: str) -> VirtError:
    return VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.NETWORK)
