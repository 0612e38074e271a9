"""What the guest boots from: the order of devices, and the options of `-boot` (`qemuDomainDefBootOrderPostParse`)."""

from __future__ import annotations

from virtloom.xmldef.document import Node
from virtloom_qemu.command.line import CommandLine, joined
from virtloom_qemu.command.values import alias, on_off, text_of
from virtloom_qemu.definition.guest import Guest

KINDS = {"disk": "hd", "lun": "hd", "cdrom": "cdrom", "floppy": "fd"}


def boot_indexes(guest: Guest) -> dict[str, int]:
    """By alias, the turn of each device that the guest's order of kinds names (`qemuProcessPrepareDeviceBootorder`).

    Of each kind only the first device is meant.
    """
    system = guest.root.find("os")
    order = [one.get("dev") for one in system.all("boot")] if system is not None else []
    found: dict[str, int] = {}
    for turn, kind in enumerate(order, 1):
        device = _first(guest, kind or "")
        if device is not None:
            found[alias(device)] = turn
    return found


def _first(guest: Guest, kind: str) -> Node | None:
    if kind == "network":
        return next(iter(guest.all("interface")), None)
    disks = (one for one in guest.all("disk") if KINDS.get(one.get("device") or "disk") == kind)
    return next(disks, None)


def boot_options(guest: Guest, line: CommandLine) -> None:
    """`-boot`, and the kernel that is started without a boot loader."""
    system = guest.root.need("os")
    menu, bios = system.find("bootmenu"), system.find("bios")
    options = {
        "menu": on_off(menu.get("enable")) if menu is not None else None,
        "reboot-timeout": bios.get("rebootTimeout") if bios is not None else None,
        "splash-time": menu.get("timeout") if menu is not None else None,
        "strict": "on",
    }
    line.option("boot", joined(None, options))
    for option, element in (("kernel", "kernel"), ("initrd", "initrd"), ("append", "cmdline"), ("dtb", "dtb")):
        text = text_of(system, element)
        if text is not None:
            line.option(option, text)
    table = text_of(system, "acpi/table")
    if table is not None:
        line.option("acpitable", joined(None, {"sig": "SLIC", "file": table}))
