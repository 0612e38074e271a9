"""How much processor time a guest and its threads get (`<cputune>`)."""

from __future__ import annotations

from collections.abc import Mapping

from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain

CPUTUNE = ("shares", "period", "quota", "global_period", "global_quota", "emulator_period", "emulator_quota",
           "iothread_period", "iothread_quota")  # fmt: skip


def cpu_tunables(definition: Domain) -> dict[str, int]:
    """The shares, periods and quotas (in us) that a definition sets."""
    tune = definition.cputune
    return {} if tune is None else {node.tag: int(node.text) for node in tune.children if node.tag in CPUTUNE}


def with_cpu_tunables(definition: Domain, given: Mapping[str, int]) -> Domain:
    """A definition with some of them changed."""
    old = definition.cputune.children if definition.cputune is not None else []
    numbers = {**cpu_tunables(definition), **given}
    tune = Node("cputune")
    for name in CPUTUNE:
        if name in numbers and (numbers[name] or name == "shares"):
            tune.add(name, text=str(numbers[name]))
    tune.children += [node for node in old if node.tag not in CPUTUNE]
    return definition.replace(cputune=tune if tune.children else None)
