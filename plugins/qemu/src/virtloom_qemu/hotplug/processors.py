"""The processors of a running guest, as QEMU has them: those that are there, and those that can come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.processors import Processor, processors, with_processors
from virtloom_qemu.runs.talk import Talk

PLACES = ("node-id", "drawer-id", "book-id", "socket-id", "die-id", "cluster-id", "core-id", "thread-id")
PLUGGED = "/machine/peripheral/"  # where QEMU has what came while the guest ran
UNREACHABLE = "failed to find appropriate hotpluggable vcpus to reach the desired target vcpu count"


class Entity(NamedTuple):
    """What comes and goes as one.

    :ivar driver: props: what QEMU is told to have it; :ivar path: where QEMU has it, None if it has not.
    """

    driver: str
    props: Mapping[str, Any]
    path: str | None

    @property
    def alias(self) -> str | None:
        """What QEMU knows it by, if it can go."""
        return self.path.removeprefix(PLUGGED) if self.path is not None and self.path.startswith(PLUGGED) else None


def entities(talk: Talk) -> list[Entity]:
    """The guest's processors by number, whether it has them or not (`query-hotpluggable-cpus`).

    :raises VirtError: OPERATION_UNSUPPORTED for a machine whose processors neither come nor go one by one.
    """
    told = talk.tries("query-hotpluggable-cpus")
    if told is None or any(one["vcpus-count"] != 1 for one in told):
        raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, "cpu hotplug is not supported")
    made = [Entity(one["type"], one["props"], one.get("qom-path")) for one in told]
    return sorted(made, key=lambda one: [one.props.get(place, 0) for place in PLACES])


def plug(talk: Talk, number: int, entity: Entity) -> None:
    """Have the guest get a processor.

    :raises VirtError: in QEMU's words.
    """
    talk.monitor.execute("device_add", {"driver": entity.driver, "id": f"vcpu{number}", **entity.props})


def to_reach(every: Sequence[Entity], count: int) -> list[int]:
    """The numbers of the processors that come, or go, in their order, for a guest to have so many.

    :raises VirtError: CONFIG_UNSUPPORTED if too few of them can go.
    """
    here = [number for number, one in enumerate(every) if one.path is not None]
    if count >= len(here):
        return [number for number, one in enumerate(every) if one.path is None][: count - len(here)]
    removable = [number for number in reversed(here) if every[number].alias is not None]
    if len(removable) < len(here) - count:
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, UNREACHABLE)
    return removable[: len(here) - count]


def refreshed(live: Domain, every: Sequence[Entity]) -> Domain:
    """A definition with the processors that QEMU has, those that it had already in the order that they had."""
    before = processors(live)
    known = sorted((one.order or number + 1, number) for number, one in enumerate(before) if one.online)
    here = [number for number, one in enumerate(every) if one.path is not None]
    turns = [number for _, number in known if number in here]
    turns += [number for number in here if number not in turns]
    made = [
        Processor(one.path is not None, one.path is None or one.alias is not None,
                  turns.index(number) + 1 if number in turns else 0)
        for number, one in enumerate(every)
    ]  # fmt: skip
    return with_processors(live, made, listed=True)


def plug_the_removable(talk: Talk, live: Domain) -> None:
    """At a start: have the guest get what it is to have and could let go of again, in order.

    :raises VirtError: in QEMU's words.
    """
    wanted = sorted((one.order, number) for number, one in enumerate(processors(live)) if one.online and one.removable)
    if wanted:
        every = entities(talk)
        for _, number in wanted:
            plug(talk, number, every[number])
