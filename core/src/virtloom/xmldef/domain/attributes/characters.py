"""Character devices and what has their sources (`virDomainChrSourceDefParseXML`)."""

from __future__ import annotations

from virtloom.errors import ErrorCode
from virtloom.xmldef.domain.attributes.kinds import Rule, below, flags, must, number, switches, told, word

TYPES = ("null", "vc", "pty", "dev", "file", "pipe", "stdio", "udp", "tcp", "unix", "spicevmc", "spiceport", "nmdm",
         "qemu-vdagent", "dbus")  # fmt: skip
MODES = "connect bind"
SERIAL_TYPES = ("none", "isa-serial", "usb-serial", "pci-serial", "spapr-vio-serial", "system-serial", "sclp-serial",
                "isa-debug")  # fmt: skip
SERIAL_MODELS = ("none", "isa-serial", "usb-serial", "pci-serial", "spapr-vty", "pl011", "sclpconsole",
                 "sclplmconsole", "16550a", "isa-debugcon")  # fmt: skip
CONSOLES = ("none", "serial", "xen", "uml", "virtio", "lxc", "openvz", "sclp", "sclplm")
DEVICES = ("serial", "parallel", "console", "channel")
RECONNECT = {"reconnect": flags("enabled"), "reconnect[enabled=yes]": must(number("timeout"))}


def _sources(kind: str) -> dict[str, tuple[Rule, ...]]:
    """The table of sources.

    :param kind: the attribute that names the source's type.
    """
    mode = (word("mode", MODES),)
    table = {
        f"[{kind}=tcp]/source": (*mode, *flags("tls")),
        f"[{kind}=udp]/source": mode,
        f"[{kind}=unix]/source": mode,
        f"[{kind}=file]/source": switches("append"),
        f"[{kind}=qemu-vdagent]/source/clipboard": must(*flags("copypaste")),
        f"[{kind}=qemu-vdagent]/source/mouse": must(word("mode", "server client")),
        f"[{kind}=tcp]/protocol": (told(word("type", "raw telnet telnets tls"), "Unknown protocol '{}'"),),
        "/log": switches("append"),
    }
    for one in ("tcp", "unix"):
        table |= {f"[{kind}={one}]/source/{part}": rules for part, rules in RECONNECT.items()}
    return table


def _target(words: tuple[str, ...], missing: str = "") -> Rule:
    detail = "unknown target type '{}' specified for character device"
    return told(word("type", words), detail, missing=missing, missing_code=ErrorCode.CONFIG_UNSUPPORTED)


TABLE: dict[str, tuple[Rule, ...]] = {
    **{f"{device}{part}": rules for device in DEVICES for part, rules in _sources("type").items()},
    **{f"redirdev{part}": rules for part, rules in _sources("type").items()},
    **{f"smartcard{part}": rules for part, rules in _sources("type").items()},
    "smartcard[mode=passthrough]": (
        told(word("type", TYPES), "unknown type presented to host for character device: {}"),
    ),
    **below(
        DEVICES,
        {"": (told(word("type", TYPES), "unknown type presented to host for character device: {}"),)},
    ),
    "redirdev": (
        told(word("bus", "usb"), "unknown redirdev bus '{}'"),
        told(word("type", TYPES), "unknown redirdev character device type '{}'", missing="missing type in redirdev"),
    ),
    "serial/target": (_target(SERIAL_TYPES),),
    "serial/target/model": (
        told(word("name", SERIAL_MODELS), "unknown target model '{}' specified for character device"),
    ),
    "console/target": (_target(CONSOLES),),
    "channel/target": (
        _target(("guestfwd", "virtio", "xen"), "unknown target type '(null)' specified for character device"),
    ),
    "channel/target[type=guestfwd]": must(number("port")),
    "smartcard": must(word("mode", "host host-certificates passthrough")),
}
for _device in ("serial", "parallel", "console"):
    TABLE[f"{_device}/target"] = (
        *TABLE.get(f"{_device}/target", ()),
        told(number("port"), "Invalid port number: {}", ErrorCode.XML_ERROR),
    )
