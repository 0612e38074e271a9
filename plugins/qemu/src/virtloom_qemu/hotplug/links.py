"""What of a network interface can change while the guest runs (`qemuDomainChangeNet`)."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Interface
from virtloom_qemu.hotplug.comparing import Fixed, refuse_changes, refuse_other_alias, rows
from virtloom_qemu.hotplug.kinds import value
from virtloom_qemu.runs.talk import Talk

NEVER = ("hostdev", "vdpa")  # types of which nothing changes
CLOSED = ("vhostuser", "null", "vds")  # types that cannot be set up anew
SOCKETS = ("server", "client", "mcast", "udp")
BRIDGED = ("network", "bridge")
FILTERED = ("network", "bridge", "ethernet")
DRIVER = ("name", "txmode", "ioeventfd", "event_idx", "queues", "rx_queue_size", "tx_queue_size", "rss",
          "rss_hash_report")  # fmt: skip
OFFLOADS = ("csum", "gso", "tso4", "tso6", "ecn", "ufo", "mrg_rxbuf")
FIXED = [
    Fixed("mac@address", "cannot change network interface mac address from {old} to {new}", True),
    Fixed("model@type", "cannot modify network device model from {old} to {new}"),
    *rows("cannot modify virtio network device driver attributes", False,
          *((f"driver@{name}", "") for name in DRIVER),
          *((f"driver/{side}@{name}", "") for side in ("host", "guest") for name in OFFLOADS)),
    *rows("cannot modify virtio network device driver options", False,
          *((f"driver@{name}", "") for name in ("iommu", "ats", "packed", "page_per_vq"))),
    Fixed("script@path", "cannot modify network device script attribute"),
    Fixed("target@dev", "cannot modify network device tap name", True),
    *rows("cannot modify network device guest PCI address", True,
          *((f"address@{name}", "") for name in ("type", "domain", "bus", "slot", "function"))),
    Fixed("rom@bar", "cannot modify network device rom bar setting", True),
    Fixed("rom@file", "cannot modify network rom file", True),
    Fixed("boot@order", "cannot modify network device boot index setting", True),
    Fixed("rom@enabled", "cannot modify network device rom enabled setting", True),
    Fixed("mtu@size", "cannot modify MTU"),
]  # fmt: skip


def refuse_other_interface(old: Interface, new: Interface) -> None:
    """Refuse what cannot be changed of an interface.

    :param new: with everything filled in that a document does not say.
    :raises VirtError: OPERATION_UNSUPPORTED or OPERATION_DENIED.
    """
    before, after = old.node(), new.node()
    refuse_other_alias(before, after)
    if old.type in NEVER:
        raise _refusal(f"cannot change config of '{old.type}' network interface type")
    refuse_changes(before, after, FIXED, ErrorCode.OPERATION_UNSUPPORTED)
    if new.type in NEVER:
        raise _refusal(f"cannot change network interface type to '{new.type}'")
    if new.type in CLOSED or _is_elsewhere(before, after):
        raise _refusal(f"unable to change config on '{new.type}' network type")
    if before.find("filterref") != after.find("filterref"):
        _refuse_filter(new)
    if before.find("vlan") != after.find("vlan"):  # which only Open vSwitch changes
        detail = f"Unable to set vlan configuration on port {value(before, 'target@dev')}"
        raise VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.NONE)


def _refuse_filter(new: Interface) -> None:
    if new.type not in FILTERED:
        detail = f"filters not supported on interfaces of type {new.type}"
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail)
    if new.filterref is not None:
        name = new.target.dev if new.target is not None else None
        detail = f"failed to add new filter rules to '{name}' - attempting to restore old rules"
        raise VirtError(ErrorCode.OPERATION_FAILED, detail)


def is_isolated(one: Interface) -> bool:
    """Whether an interface reaches no other isolated one of its bridge."""
    return one.port is not None and one.port.get("isolated") == "yes"


def _is_elsewhere(old: Node, new: Node) -> bool:
    """Whether an interface would have to be set up anew on the host."""
    kinds = old.get("type"), new.get("type")
    if kinds[0] != kinds[1]:
        return not set(kinds) <= set(BRIDGED)
    paths = ["tune/sndbuf#"]
    paths += ["source@address", "source@port"] if kinds[0] in SOCKETS else []
    paths += ["source@dev", "source@mode"] if kinds[0] == "direct" else []
    paths += ["source@name"] if kinds[0] == "internal" else []
    return any(value(old, path) != value(new, path) for path in paths)


def is_on_other_bridge(old: Interface, new: Interface) -> bool:
    """Whether an interface is to be on another bridge or network of the host's."""
    if not {old.type, new.type} <= set(BRIDGED):
        return False
    word = "network" if new.type == "network" else "bridge"
    was, wanted = (one.source.get(word) if one.source is not None else None for one in (old, new))
    return old.type != new.type or was != wanted


def change_link(talk: Talk, live: Domain, old: Interface, new: Interface) -> Domain:
    """A guest's definition with an interface's cable plugged in or out.

    :raises VirtError: what QEMU refuses.
    """
    was, wanted = _is_up(old), _is_up(new)
    if was == wanted and (old.link is None) == (new.link is None):
        return live
    if was != wanted:
        talk.ask("set_link", name=value(old.node(), "alias@name"), up=wanted)
    changed = old.replace(link=new.link)
    return live.with_devices(interfaces=tuple(changed if one is old else one for one in live.parts.interfaces))


def _is_up(one: Interface) -> bool:
    return one.link is None or one.link.get("state") != "down"


def _refusal(detail: str) -> VirtError:
    return VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail)
