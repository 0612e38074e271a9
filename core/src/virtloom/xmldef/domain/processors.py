"""A guest's processors: how many, each by itself, and on which of the host's they and other threads may run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.parts import Vcpu
from virtloom.xmldef.values import cpus

Cpus = frozenset[int]
# The order of what stands in `<cputune>` (`virDomainCputuneDefFormat`).
ORDER = ("shares", "period", "quota", "global_period", "global_quota", "emulator_period", "emulator_quota",
         "iothread_period", "iothread_quota", "vcpupin", "emulatorpin", "iothreadpin")  # fmt: skip


class Processor(NamedTuple):
    """One processor of a guest, as `<vcpus>` says it.

    :ivar online: whether the guest has it; :ivar removable: whether it can go; None if nothing says so.
    :ivar order: its turn among those that the guest has; 0 if nothing says so.
    """

    online: bool
    removable: bool | None = None
    order: int = 0


def vcpu_part(definition: Domain) -> Vcpu:
    """The processors' part of a definition; defaults have filled it in."""
    return definition.vcpu or Vcpu()


def vcpus_now(definition: Domain) -> int:
    """How many processors a definition has from the start."""
    vcpu = vcpu_part(definition)
    return vcpu.maximum if vcpu.current is None else vcpu.current


def vcpus_max(definition: Domain) -> int:
    """How many processors a definition has at most."""
    return vcpu_part(definition).maximum


def with_vcpus(definition: Domain, count: int) -> Domain:
    """A definition with so many processors from the start."""
    vcpu = vcpu_part(definition)
    return definition.replace(vcpu=vcpu.replace(current=None if count == vcpu.maximum else count))


def with_max_vcpus(definition: Domain, count: int) -> Domain:
    """A definition with so many processors at most."""
    vcpu = vcpu_part(definition)
    current = vcpus_now(definition)
    return definition.replace(vcpu=vcpu.replace(maximum=count, current=current if current < count else None))


# Each by itself.


def processors(definition: Domain) -> list[Processor]:
    """All processors that a definition may have, by number."""
    count, now = vcpus_max(definition), vcpus_now(definition)
    listed = {one.get("id"): one for one in definition.vcpus.all("vcpu")} if definition.vcpus is not None else {}
    return [_processor(listed.get(str(number)), number < now) for number in range(count)]


def _processor(node: Node | None, online: bool) -> Processor:
    if node is None:
        return Processor(online)
    removable = {"yes": True, "no": False}.get(node.get("hotpluggable") or "")
    return Processor(node.get("enabled") != "no", removable, int(node.get("order") or 0))


def with_processors(definition: Domain, every: Sequence[Processor], *, listed: bool) -> Domain:
    """A definition with these processors.

    :param listed: whether each is told by itself.
    """
    vcpus = Node("vcpus") if listed else None
    if vcpus is not None:
        for number, one in enumerate(every):
            removable = not one.online if one.removable is None else one.removable
            attrs = {"id": str(number), "enabled": _yes(one.online), "hotpluggable": _yes(removable)}
            vcpus.add("vcpu", attrs | ({"order": str(one.order)} if one.order else {}))
    return with_vcpus(definition.replace(vcpus=vcpus), sum(one.online for one in every))


def _yes(value: bool) -> str:
    return "yes" if value else "no"


# Where they may run.


def pins_of(definition: Domain, tag: str = "vcpupin", key: str = "vcpu") -> dict[int, Cpus]:
    """Which processors or other threads of a guest are pinned, and where.

    :param tag: key: the pins' element, and the attribute with a thread's number.
    """
    tune = definition.cputune
    pins = () if tune is None else tune.all(tag)
    return {int(pin.get(key) or 0): cpus.parse(pin.get("cpuset") or "0") for pin in pins}


def emulator_pin(definition: Domain) -> Cpus | None:
    """Where the emulator is pinned."""
    node = None if definition.cputune is None else definition.cputune.find("emulatorpin")
    return None if node is None else cpus.parse(node.get("cpuset") or "0")


def with_pin(definition: Domain, tag: str, attrs: dict[str, str], where: Cpus) -> Domain:
    """A definition whose `<cputune>` has one more pin, or another one in its place."""
    return _with_pins(definition, tag, attrs, [Node(tag, {**attrs, "cpuset": cpus.format(where)})])


def without_pin(definition: Domain, tag: str, attrs: dict[str, str]) -> Domain:
    """A definition whose `<cputune>` has a pin no more."""
    return _with_pins(definition, tag, attrs, [])


def _with_pins(definition: Domain, tag: str, attrs: dict[str, str], pins: list[Node]) -> Domain:
    old = [] if definition.cputune is None else definition.cputune.children
    kept = [node for node in old if node.tag != tag or any(node.get(k) != v for k, v in attrs.items())]
    tune = Node("cputune")
    place = {name: number for number, name in enumerate(ORDER)}
    tune.children = sorted(
        [*kept, *pins], key=lambda n: (place.get(n.tag, 99), int(n.get("vcpu") or n.get("iothread") or 0))
    )
    return definition.replace(cputune=tune if tune.children else None)
