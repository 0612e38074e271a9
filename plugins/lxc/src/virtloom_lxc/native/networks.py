"""The network of a container's configuration: numbered `lxc.net`, or `lxc.network` of the days before liblxc 3."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom_lxc.native.settings import Settings

NO_MAC = "00:00:00:00:00:00"
NOTHING = ("", "empty", "none")
MODES = ("private", "vepa", "bridge")
ADDRESSES = ("ipv4", "ipv4.address", "ipv6", "ipv6.address")


class Card:
    """The settings of one interface."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.addresses: list[str] = []

    def take(self, name: str, value: str) -> None:
        """One setting."""
        if name in ADDRESSES:
            self.addresses.append(value)
        else:
            self.values[name] = value


def devices(settings: Settings) -> tuple[list[Node], bool]:
    """The interfaces and host devices of a configuration, and whether the container has a network of its own."""
    cards = _cards(settings)
    found = []
    for card in cards:
        kind = card.values.get("type", "")
        if kind not in NOTHING:
            found.append(_passed(card, kind) if kind in ("phys", "vlan") else _interface(card, kind))
    found.sort(key=lambda node: node.tag == "hostdev")
    return found, not cards


def _cards(settings: Settings) -> list[Card]:
    numbered: dict[str, Card] = {}
    for key, value in settings.every:
        if key.startswith("lxc.net."):
            number, _, name = key.removeprefix("lxc.net.").partition(".")
            if number.isdigit() and name:
                numbered.setdefault(number, Card()).take(name, value)
        elif key.startswith("lxc.network."):
            name = key.removeprefix("lxc.network.")
            if name == "type":
                numbered[f"old {len(numbered)}"] = Card()
            if numbered:
                list(numbered.values())[-1].take(name, value)
    return list(numbered.values())


def _interface(card: Card, kind: str) -> Node:
    values = card.values
    link, mode = values.get("link"), values.get("macvlan.mode", "private")
    node = Node("interface")
    node.add("mac", {"address": values.get("hwaddr", NO_MAC)})
    if kind == "macvlan":
        if link is None:
            raise _missing_link()
        node.attrs["type"] = "direct"
        node.add("source", {"dev": link, "mode": mode if mode in MODES else "private"})
    elif link is not None and kind == "veth":
        node.attrs["type"] = "bridge"
        node.add("source", {"bridge": link})
    else:
        node.attrs["type"] = "ethernet"
    node.children += _addresses(card)
    if "name" in values:
        node.add("guest", {"dev": values["name"]})
    node.add("link", {"state": "up" if values.get("flags") == "up" else "down"})
    return node


def _passed(card: Card, kind: str) -> Node:
    link, number = card.values.get("link"), card.values.get("vlan.id")
    if link is None:
        raise _missing_link()
    node = Node("hostdev", {"mode": "capabilities", "type": "net"})
    name = f"{link}.{number}" if kind == "vlan" and number else link
    node.add("source").add("interface", text=name)
    node.children += _addresses(card)
    return node


def _addresses(card: Card) -> list[Node]:
    made = []
    for text in card.addresses:
        address, slash, prefix = text.partition(" ")[0].partition("/")  # a broadcast address may follow
        if not slash or not prefix.isdigit():
            raise VirtError(ErrorCode.INVALID_ARG, f"Invalid CIDR address: '{text}'", ErrorDomain.LXC)
        family = "ipv6" if ":" in address else "ipv4"
        made.append(Node("ip", {"address": address, "family": family, "prefix": prefix}))
    for family, everywhere in (("ipv4", "0.0.0.0"), ("ipv6", "::")):
        gateway = card.values.get(f"{family}.gateway")
        if gateway is not None:
            made.append(Node("route", {"family": family, "address": everywhere, "gateway": gateway}))
    return made


def _missing_link() -> VirtError:
    return VirtError(ErrorCode.CONFIG_UNSUPPORTED, "Missing 'link' attribute for NIC", ErrorDomain.LXC)
