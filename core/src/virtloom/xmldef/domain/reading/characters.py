"""Character devices and what has their sources (`virDomainChrSourceDefParseXML`)."""

from __future__ import annotations

from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.checks.refusal import malformed, unsupported

ONCE = ("log", "protocol")
CERTIFICATES = 3


def parts(device: Node) -> None:
    """A device writes one log and speaks one protocol."""
    for tag in ONCE:
        if sum(1 for _ in device.all(tag)) > 1:
            raise malformed(f"only one {tag} element is allowed for character device")
    if device.tag in ("serial", "parallel", "console") and device.get("type") == "spicevmc":
        raise unsupported("spicevmc device type only supports virtio")


def forwarding(channel: Node) -> None:
    """What the guest's network forwards has an address in it."""
    target = channel.find("target")
    if target is not None and target.get("type") == "guestfwd" and target.get("address") is None:
        raise malformed("guestfwd channel does not define a target address")


def card(node: Node) -> None:
    """A card is the host's, made of three certificates, or somebody else's."""
    mode = node.get("mode")
    if mode == "host-certificates":
        found = [one.text.strip() for one in node.all("certificate")]
        if len(found) != CERTIFICATES:
            raise malformed("host-certificates mode needs exactly three certificates")
        database = next((one.text.strip() for one in node.all("database")), "/")
        if not database.startswith("/"):
            raise malformed(f"expecting absolute path: {database}")
    if mode == "passthrough":
        if node.get("type") is None:
            raise malformed("passthrough mode requires a character device type attribute")
        parts(node)


def entropy(rng: Node) -> None:
    """Entropy has one source."""
    backends = list(rng.all("backend"))
    if len(backends) != 1:
        raise malformed("only one RNG backend is supported")
    if backends[0].get("model") == "egd" and backends[0].get("type") is None:
        raise malformed("missing EGD backend type")
