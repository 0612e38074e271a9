"""Interfaces (`virDomainNetDefParseXML`)."""

from __future__ import annotations

from virtloom.xmldef.domain.attributes.disks import VIRTIO
from virtloom.xmldef.domain.attributes.kinds import INT, Rule, flags, loose, must, number, numbers, switches, told, word

TYPES = "user ethernet vhostuser server client mcast network bridge internal direct hostdev udp vdpa null vds"
OFFLOADS = "csum tso4 tso6 ecn ufo"
PORT = must(number("port", INT))
VIRTUAL_PORTS = "802.1Qbg 802.1Qbh openvswitch midonet"

# What an interface's driver may say; of those that are no virtio devices it is not read.
VIRTIO_DRIVER: dict[str, tuple[Rule, ...]] = {
    "": (
        word("name", "qemu vhost"),
        word("txmode", "iothread timer"),
        *switches("ioeventfd event_idx"),
        *numbers("queues rx_queue_size tx_queue_size"),
        *switches("rss rss_hash_report"),
        *VIRTIO,
    ),
    "host": switches(f"{OFFLOADS} gso mrg_rxbuf"),
    "guest": switches(OFFLOADS),
}
TABLE: dict[str, tuple[Rule, ...]] = {
    "interface": (word("type", TYPES), *flags("trustGuestRxFilters")),
    "interface[type=direct]/source": (word("mode", "vepa private bridge passthrough"),),
    "interface[type=vhostuser]/source": must(word("mode", "client server")),
    "interface/target": flags("managed"),
    "interface/mac": (word("type", "generated static"), *flags("check")),
    "interface/link": (told(word("state", "up down"), "unknown interface link state '{}'"),),
    "interface/backend": (word("type", "passt"),),
    "interface/portForward": must(word("proto", "tcp udp")),
    "interface/portForward/range": (*numbers("start end to", zero=False), *flags("exclude")),
    "interface/teaming": loose(told(word("type", "persistent transient"), "unknown teaming type '{}'")),
    "interface/virtualport": (told(word("type", VIRTUAL_PORTS), "unknown virtualport type {}"),),
    "interface/vlan/tag": (*must(number("id")), word("nativeMode", "tagged untagged")),
    "interface[type=hostdev]/driver": (word("name", "kvm vfio xen"),),
    **{f"interface[type={kind}]/source": PORT for kind in ("server", "client", "mcast", "udp")},
    "interface[type=udp]/source/local": PORT,
}
