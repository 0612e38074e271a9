"""How much an interface may carry (`<bandwidth>`), as parameters such as `inbound.average`."""

from __future__ import annotations

from collections.abc import Mapping

from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.devices import Interface

# Without the floor of what goes out: there is none.
BANDWIDTH = tuple(f"{way}.{rate}" for way in ("inbound", "outbound") for rate in ("average", "peak", "burst", "floor"))[
    :-1
]
SHOWN = ("average", "peak", "floor", "burst")


def rate(interface: Interface, name: str) -> int:
    """One rate of an interface, such as `inbound.average`."""
    way, field = name.split(".")
    node = None if interface.bandwidth is None else interface.bandwidth.find(way)
    return int((node and node.get(field)) or 0)


def bandwidth(old: Node | None, given: Mapping[str, int | float | str]) -> Node | None:
    """The `<bandwidth>` with rates changed: a direction given anew replaces what it was, one given as 0 is cleared."""
    node = Node("bandwidth")
    for way in ("inbound", "outbound"):
        rates = {name.split(".")[1]: int(value) for name, value in given.items() if name.startswith(way)}
        kept = old.find(way) if old is not None else None
        if rates.get("average") or rates.get("floor"):
            node.add(way, {field: str(rates[field]) for field in SHOWN if rates.get(field)})
        elif kept is not None and not {"average", "floor"} & rates.keys():
            node.children.append(kept)
    return node if node.children else None
