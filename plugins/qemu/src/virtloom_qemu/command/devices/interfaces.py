"""Network interfaces (`qemuBuildHostNetProps`, `qemuBuildNicDevProps`)."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom_qemu.command.context import Context
from virtloom_qemu.command.devices.characters import add_backend
from virtloom_qemu.command.devices.common import Props, address, boot_index, rom, virtio
from virtloom_qemu.command.line import CommandLine, given
from virtloom_qemu.command.values import alias, positive, switch
from virtloom_qemu.definition.guest import Guest, number

TAPS = ("bridge", "network", "direct", "ethernet")
VIRTIO = ("virtio", "virtio-transitional", "virtio-non-transitional")
TX_MODES = {"iothread": "bh", "timer": "timer"}
# Features of a virtio interface, by the property: the element of `<driver>` and the attribute that say it.
OFFLOADS = {
    "csum": ("host", "csum"), "gso": ("host", "gso"), "host_tso4": ("host", "tso4"), "host_tso6": ("host", "tso6"),
    "host_ecn": ("host", "ecn"), "host_ufo": ("host", "ufo"), "mrg_rxbuf": ("host", "mrg_rxbuf"),
    "guest_csum": ("guest", "csum"), "guest_tso4": ("guest", "tso4"), "guest_tso6": ("guest", "tso6"),
    "guest_ecn": ("guest", "ecn"), "guest_ufo": ("guest", "ufo"),
}  # fmt: skip


def add_interfaces(guest: Guest, context: Context, line: CommandLine) -> None:
    """Every interface: the host's end, then the guest's."""
    for one in guest.all("interface"):
        if one.get("type") == "hostdev":
            continue  # it is a device of the host's
        if one.get("type") == "vhostuser":
            add_backend(line, context, f"char{alias(one)}", one.need("source"))
        line.json("netdev", backend_properties(context, one))
        line.device(interface_properties(guest, one))


def backend_properties(context: Context, one: Node) -> Props:
    """The host's end of an interface.

    :raises VirtError: CONFIG_UNSUPPORTED for a type that QEMU does not have, or a script that it would not run.
    """
    kind = one.get("type") or "ethernet"
    if one.find("script") is not None and kind != "ethernet":
        raise _unsupported(f"scripts are not supported on interfaces of type {kind}")
    return given({**_backend(context, kind, one), "id": f"host{alias(one)}"})


def _backend(context: Context, kind: str, one: Node) -> Props:
    source = one.find("source")
    if kind in TAPS:
        return _tap(context, one)
    if kind == "user":
        return {"type": "user", **_guest_addresses(one)}
    if kind == "internal":
        return {"type": "user"}
    if kind in ("client", "server", "mcast"):
        option = {"client": "connect", "server": "listen", "mcast": "mcast"}[kind]
        return {"type": "socket", option: _endpoint(source)}
    if kind == "udp":
        local = source.find("local") if source is not None else None
        return {"type": "socket", "udp": _endpoint(source), "localaddr": _endpoint(local)}
    queues = positive(one.find("driver"), "queues")
    if kind == "vhostuser":
        return {"type": "vhost-user", "chardev": f"char{alias(one)}", "queues": queues}
    if kind == "vdpa":
        passed = context.descriptors.get(alias(one), ("/dev/fdset/0",))
        return {"type": "vhost-vdpa", "vhostdev": passed[0], "queues": queues}
    raise _unsupported(f"network device type '{kind}' is not supported by QEMU")


def _endpoint(source: Node | None) -> str:
    if source is None:
        return ""
    return f"{source.get('address') or ''}:{source.get('port')}"


def _tap(context: Context, one: Node) -> Props:
    name = alias(one)
    taps = context.descriptors.get(name, ("-1",))
    vhosts = context.descriptors.get(f"vhost-{name}", ())
    sndbuf = one.find("tune/sndbuf")
    return {
        "type": "tap",
        "fds" if len(taps) > 1 else "fd": ":".join(taps),
        "vhost": True if vhosts else None,
        "vhostfds" if len(vhosts) > 1 else "vhostfd": ":".join(vhosts) or None,
        "sndbuf": int(sndbuf.text) if sndbuf is not None else None,
    }


def _guest_addresses(one: Node) -> Props:
    found: Props = {}
    for ip in one.all("ip"):
        prefix = positive(ip, "prefix")
        if ip.get("family") == "ipv6" or ":" in (ip.get("address") or ""):
            found |= {"ipv6-prefix": ip.get("address"), "ipv6-prefixlen": prefix}
        else:
            found["net"] = f"{ip.get('address')}/{prefix}" if prefix else ip.get("address")
    return found


def interface_properties(guest: Guest, one: Node) -> Props:
    """The guest's end of an interface."""
    model = one.value("model", "type") or ""
    props: Props = _virtio(one, model) if model in VIRTIO else {"driver": model}
    common = {
        "netdev": f"host{alias(one)}",
        "id": alias(one),
        "mac": one.value("mac", "address"),
        "bootindex": boot_index(guest, one),
    }
    return given({**props, **common, **address(guest, one), **rom(one)})


def _virtio(one: Node, model: str) -> Props:
    driver = one.find("driver")
    driver = Node("driver") if driver is None else driver
    queues = number(driver, "queues")
    persistent = one.value("teaming", "type") == "persistent"
    return {
        **virtio("virtio-net", one, model),
        "tx": TX_MODES.get(driver.get("txmode") or ""),
        "ioeventfd": switch(driver.get("ioeventfd")),
        "event_idx": switch(driver.get("event_idx")),
        **{prop: switch(driver.value(side, name)) for prop, (side, name) in OFFLOADS.items()},
        "mq": True if queues > 1 else None,
        "vectors": 2 * queues + 2 if queues > 1 else None,
        "rx_queue_size": positive(driver, "rx_queue_size"),
        "tx_queue_size": positive(driver, "tx_queue_size"),
        "rss": switch(driver.get("rss")),
        "hash": switch(driver.get("rss_hash_report")),
        "host_mtu": positive(one.find("mtu"), "size"),
        "failover": True if persistent else None,
    }


def _unsupported(detail: str) -> VirtError:
    return VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.QEMU)
