"""Lines for dnsmasq's configuration, in a namespace of their own (`networkDnsmasqDefNamespaceParse`)."""

from __future__ import annotations

from virtloom.xmldef.document import Node
from virtloom.xmldef.network.refusal import internal

PREFIX = "dnsmasq"
URI = "http://libvirt.org/schemas/network/dnsmasq/1.0"


def read_options(root: Node) -> tuple[str, ...]:
    """The lines that a network's element has.

    :raises VirtError: INTERNAL_ERROR for an option without a value.
    """
    prefixes = [name[6:] for name, uri in root.attrs.items() if name.startswith("xmlns:") and uri == URI]
    found: list[str] = []
    for prefix in prefixes:
        for holder in root.all(f"{prefix}:options"):
            for option in holder.all(f"{prefix}:option"):
                value = option.get("value")
                if value is None:
                    raise internal("No dnsmasq options value specified")
                found.append(value)
    return tuple(found)


def write_options(options: tuple[str, ...], root: Node) -> None:
    """Put the lines into a network's element, and declare their namespace in it."""
    if not options:
        return
    root.attrs = {f"xmlns:{PREFIX}": URI, **root.attrs}
    holder = root.add(f"{PREFIX}:options")
    for option in options:
        holder.add(f"{PREFIX}:option", {"value": option})
