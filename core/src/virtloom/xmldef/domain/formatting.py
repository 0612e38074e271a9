"""A domain as text: for one that runs or one that does not, for those who may see secrets or for anybody.

The flags of `virDomainGetXMLDesc`: secrets only with `VIR_DOMAIN_XML_SECURE`, what belongs to one run not with
`VIR_DOMAIN_XML_INACTIVE`.
"""

from __future__ import annotations

from virtloom.xmldef.document import Node, write
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.volumes import without_locations

USER_ALIAS = "ua-"


def format_domain(
    domain: Domain, *, secure: bool = False, inactive: bool = False, id: int | None = None, private: bool = False
) -> str:
    """A domain as libvirt writes it.

    :param secure: whether passwords and cookies are shown.
    :param inactive: whether what belongs to one run is left out: the id, and aliases that no user gave.
    :param id: the running domain's number; None keeps the definition's.
    :param private: whether it is for the daemon's own eyes: with where the guest's volumes were found.
    """
    shown_id = None if inactive else domain.id if id is None else id
    key = (secure, inactive, shown_id, private)
    return domain.text(key, lambda: _format(domain, secure, inactive, shown_id, private))


def kept_document(domain: Domain) -> str:
    """A domain as it is kept on disk: with secrets and without what belongs to a run. Made for once, and not kept."""
    return _format(domain, secure=True, inactive=True, id=None, private=False)


def _format(domain: Domain, secure: bool, inactive: bool, id: int | None, private: bool) -> str:
    shown = domain.replace(id=id)
    node = (shown if secure else shown.without_secrets()).node()
    node = node if private else without_locations(node)
    return write(without_aliases(node) if inactive else node)


def without_aliases(node: Node) -> Node:
    """A copy of a domain's element without the aliases that the daemon gave its devices."""
    made = Node(node.tag, node.attrs, node.text, node.line)
    for child in node.children:
        if child.tag != "devices":
            made.children.append(child)
            continue
        devices = made.add("devices")
        for device in child.children:
            bare = Node(device.tag, device.attrs, device.text, device.line)
            bare.children = [one for one in device.children if not _is_generated(one)]
            devices.children.append(bare)
    return made


def _is_generated(node: Node) -> bool:
    return node.tag == "alias" and not (node.get("name") or "").startswith(USER_ALIAS)
