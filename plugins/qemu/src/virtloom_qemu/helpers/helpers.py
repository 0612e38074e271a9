"""The helper processes of all guests: begun before QEMU, found again by the next daemon, ended after QEMU."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

from virtloom.driver import DriverHost
from virtloom.driver.files.journal import Journal
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.helpers import folders, reservations, tpm
from virtloom_qemu.helpers.serving import Helper, Serving, begin, left_behind, watch
from virtloom_qemu.process import GuestPaths
from virtloom_qemu.process.identity import Identity
from virtloom_qemu.runs.given.logfile import GuestLog
from virtloom_qemu.settings import Settings


class Setting(NamedTuple):
    """What the helpers of one run depend on besides its definition.

    :ivar host: what the daemon gives to the plugin; :ivar settings: the driver's.
    :ivar number: the run's; :ivar guest: whom QEMU runs as; :ivar log: the guest's.
    :ivar incoming: whether the guest's state comes from elsewhere.
    """

    host: DriverHost
    settings: Settings
    number: int
    paths: GuestPaths
    guest: Identity
    log: GuestLog
    incoming: bool = False


# Each makes ready what helpers of its kind need and says how they are begun; the stack closes what they inherit.
KINDS: tuple[Callable[[Domain, Setting, ExitStack], Iterator[Helper]], ...] = (
    tpm.helpers_of,
    folders.helpers_of,
    reservations.helpers_of,
)


class Helpers:
    """The helpers of guests, by the aliases of the devices that they serve.

    :param host: what the daemon gives to the plugin.
    """

    def __init__(self, host: DriverHost) -> None:
        self._host = host

    @contextmanager
    def begun(self, live: Domain, setting: Setting, journal: Journal) -> Iterator[dict[str, Serving]]:
        """Begin the helpers of a run, or of the devices that come to it; if the block raises, they are ended.

        :param live: prepared, with just the devices that are to be served.
        :param journal: is told of each before it is begun.
        :raises VirtError: if one cannot be begun; none is left then.
        """
        made: dict[str, Serving] = {}
        try:
            with ExitStack() as stack:
                for kind in KINDS:
                    for helper in kind(live, setting, stack):
                        journal.add("helper", mark=helper.mark, alias=helper.alias)
                        with self._host.waiting(f"{helper.name} to listen"):
                            made[helper.alias] = begin(helper, setting.guest, setting.log)
                        self.watch(live.name, helper.alias, made[helper.alias])
            yield made
        except BaseException:
            self.end(made)
            raise

    def watch(self, guest: str, alias: str, serving: Serving) -> None:
        """Have the log tell when a helper ends although nobody ended it; its guest goes on without the device."""

        def tell() -> None:
            self._host.log.warning("the helper of %s's device %s has ended by itself", guest, alias)

        watch(serving, f"helper-{guest}-{alias}", tell)

    @staticmethod
    def end(made: Mapping[str, Serving]) -> None:
        """End helpers; those that are gone are no error."""
        for serving in made.values():
            serving.end()

    @staticmethod
    def undoing(known: Mapping[str, Serving] | None = None) -> dict[str, Callable[[dict[str, Any]], None]]:
        """How helpers are ended that a crash of the daemon left, by the journal's kind.

        :param known: those that a status file has, which stay.
        """

        def undo(entry: dict[str, Any]) -> None:
            if known is None or entry["alias"] not in known:
                for process in left_behind(entry["mark"]):
                    process.end()

        return {"helper": undo}
