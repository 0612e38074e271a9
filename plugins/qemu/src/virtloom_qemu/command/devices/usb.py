"""Hubs, card readers and redirected devices on the USB."""

from __future__ import annotations

from virtloom.xmldef.document import Node
from virtloom_qemu.command.context import Context
from virtloom_qemu.command.devices.characters import add_backend
from virtloom_qemu.command.devices.common import Props, address, controller_alias
from virtloom_qemu.command.line import CommandLine
from virtloom_qemu.command.values import alias, positive, text_of
from virtloom_qemu.definition.guest import Guest, number

NSS_DATABASE = "/etc/pki/nssdb"


def add_hubs(guest: Guest, context: Context, line: CommandLine) -> None:
    """Hubs on the USB."""
    for device in guest.all("hub"):
        line.device({"driver": "usb-hub", "id": alias(device), **address(guest, device)})


def add_smartcards(guest: Guest, context: Context, line: CommandLine) -> None:
    """A smart card."""
    for device in guest.all("smartcard")[:1]:
        mode = device.get("mode")
        props: Props = {"driver": "ccid-card-emulated", "backend": "nss-emulated"}
        if mode == "host-certificates":
            files = [one.text.strip() for one in device.all("certificate")]
            certificates = dict(zip(("cert1", "cert2", "cert3"), files, strict=False))
            props |= {"backend": "certificates", **certificates, "db": text_of(device, "database") or NSS_DATABASE}
        elif mode == "passthrough":
            name = f"char{alias(device)}"
            add_backend(line, context, name, device, "smartcard")
            props = {"driver": "ccid-card-passthru", "chardev": name}
        bus = controller_alias(guest, "ccid", number(device.find("address"), "controller"))
        line.device({**props, "id": alias(device), "bus": f"{bus}.0"})


def add_redirections(guest: Guest, context: Context, line: CommandLine) -> None:
    """Devices on the USB of whoever looks at the display."""
    rules = [_filter_rule(one) for chosen in guest.all("redirfilter") for one in chosen.all("usbdev")]
    for device in guest.all("redirdev"):
        add_backend(line, context, f"char{alias(device)}", device, "usbredir")
        line.device(
            {
                "driver": "usb-redir",
                "chardev": f"char{alias(device)}",
                "id": alias(device),
                "filter": "|".join(rules) or None,
                "bootindex": positive(device.find("boot"), "order"),
                **address(guest, device),
            }
        )


def _filter_rule(rule: Node) -> str:
    parts = []
    for name, digits in (("class", 2), ("vendor", 4), ("product", 4)):
        text = rule.get(name)
        parts.append("-1" if text in (None, "-1") else f"0x{int(text or '0', 0):0{digits}X}")
    version = rule.get("version")
    if version in (None, "-1"):
        parts.append("-1")
    else:
        major, _, minor = (version or "").partition(".")
        parts.append(f"0x{int(major):02d}{int(minor or 0):02d}")
    return ":".join([*parts, "1" if rule.get("allow") == "yes" else "0"])
