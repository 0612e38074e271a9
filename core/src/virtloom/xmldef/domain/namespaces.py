"""What a hypervisor adds to domains in a namespace of its own, such as `<lxc:namespace>` (`virXMLNamespace`).

Each namespace is known by its address; the prefix that a document chose for it gives way to libvirt's.
"""

from __future__ import annotations

from virtloom.xmldef.document import Node

ADDRESSES = {
    f"http://libvirt.org/schemas/domain/{prefix}/1.0": prefix for prefix in ("qemu", "lxc", "xen", "bhyve", "vmware")
}


def prefix_of(node: Node) -> str:
    """The prefix of an element's name, "" if it has none."""
    return node.tag.partition(":")[0] if ":" in node.tag else ""


def read_namespaced(root: Node) -> tuple[Node, ...]:
    """The elements of a domain that stand in one of the known namespaces, with libvirt's prefix."""
    general = {prefix: own for prefix, own in _declared(root).items() if prefix}
    found = []
    for child in root.children:
        known = {**general, **_declared(child)} if child.attrs else general
        if known and prefix_of(child) in known:
            found.append(_renamed(child, known))
    return tuple(found)


def _declared(node: Node) -> dict[str, str]:
    """Libvirt's prefix by that which an element declares for one of the namespaces; "" for the default."""
    return {
        name.partition(":")[2]: ADDRESSES[address]
        for name, address in node.attrs.items()
        if (name == "xmlns" or name.startswith("xmlns:")) and address in ADDRESSES
    }


def _renamed(node: Node, known: dict[str, str]) -> Node:
    prefix = prefix_of(node)
    tag = f"{known[prefix]}:{node.tag.rpartition(':')[2]}" if prefix in known else node.tag
    attrs = {name: value for name, value in node.attrs.items() if not name.startswith("xmlns")}
    made = Node(tag, attrs, node.text, node.line)
    made.children = [_renamed(child, known) for child in node.children]
    return made


def write_namespaced(nodes: tuple[Node, ...], root: Node) -> None:
    """Put such elements into a domain, and the addresses of their prefixes."""
    used = {prefix_of(node) for node in nodes}
    root.attrs |= {f"xmlns:{prefix}": address for address, prefix in ADDRESSES.items() if prefix in used}
    root.children.extend(nodes)
