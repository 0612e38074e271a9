"""What the guest's BIOS says of it, and files that firmware can read (`qemuBuildSmbiosCommandLine`)."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom_qemu.command.context import Context
from virtloom_qemu.command.line import CommandLine, comma
from virtloom_qemu.definition.guest import Guest

# By element of `<sysinfo>`: the table's type, and its entries in order.
TABLES = (
    ("bios", 0, ("vendor", "version", "date", "release")),
    ("system", 1, ("manufacturer", "product", "version", "serial", "uuid", "sku", "family")),
    ("baseBoard", 2, ("manufacturer", "product", "version", "serial", "asset", "location")),
    ("chassis", 3, ("manufacturer", "version", "serial", "asset", "sku")),
)


def add_sysinfo(guest: Guest, context: Context, line: CommandLine) -> None:
    """`-smbios`, `-fw_cfg`, and the id that changes when a guest is copied.

    :raises VirtError: XML_ERROR for tables that are asked for and not there.
    """
    if guest.root.value("os/smbios", "mode") == "sysinfo":
        source = next((one for one in guest.root.all("sysinfo") if one.get("type") == "smbios"), None)
        if source is None:
            name = guest.root.find("name")
            detail = f"Domain '{name.text if name is not None else ''}' sysinfo are not available"
            raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.QEMU)
        _tables(source, line)
    for info in guest.root.all("sysinfo"):
        if info.get("type") == "fwcfg":
            _files(info, line)
    genid = guest.root.find("genid")
    if genid is not None:
        line.device({"driver": "vmgenid", "guid": genid.text.strip(), "id": "vmgenid0"})


def _tables(source: Node, line: CommandLine) -> None:
    for element, kind, names in TABLES:
        boards = list(source.all(element))
        if element == "baseBoard" and len(boards) > 1:
            detail = "qemu does not support more than one entry to Type 2 in SMBIOS table"
            raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.QEMU)
        for table in boards:
            said = {entry.get("name"): entry.text for entry in table.all("entry")}
            parts = [f"{name}={comma(said[name])}" for name in names if said.get(name)]
            line.option("smbios", ",".join([f"type={kind}", *parts]))
    strings = source.find("oemStrings")
    if strings is not None:
        values = [f"value={comma(entry.text)}" for entry in strings.all("entry")]
        line.option("smbios", ",".join(["type=11", *values]))


def _files(info: Node, line: CommandLine) -> None:
    for entry in info.all("entry"):
        file = entry.get("file")
        value = f"string={entry.text}" if file is None else f"file={file}"
        line.option("fw_cfg", f"name={entry.get('name')},{value}")
