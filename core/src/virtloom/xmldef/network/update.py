"""Changing one piece of a network (`virNetworkDefUpdateSection`): which section's change is asked for, and what all of
them have in common. `sections` has the changes themselves.
"""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef import document
from virtloom.xmldef.document import Node
from virtloom.xmldef.network.network import Network, parse_network
from virtloom.xmldef.network.refusal import bad
from virtloom.xmldef.network.sections import SECTIONS

# Sections that no change reaches, by number, as libvirt's message names them.
FIXED = {1: "bridge", 2: "domain", 3: "ip", 6: "forward", 8: "forward pf"}


def updated(network: Network, command: int, section: int, index: int, xml: str) -> Network:
    """A network with a piece added, changed or removed.

    :param command: section: index: as `virNetworkUpdate` has them; an index of -1 takes the place that fits.
    :param xml: the piece.
    :raises VirtError: OPERATION_UNSUPPORTED for what cannot be changed, OPERATION_INVALID for a clash, and what the
        network that it would be is refused with.
    """
    piece = _parse(xml)
    if section in FIXED:
        raise _unsupported(f"can't update '{FIXED[section]}' section of network '{network.name}'")
    if section not in SECTIONS:
        raise _unsupported("can't update unrecognized section of network")
    change = SECTIONS[section]
    if change.frozen is not None and command == 1 and change.frozen_first:
        raise _unsupported(change.frozen)
    _check_element(piece, change.tag, network.name)
    if change.frozen is not None and command == 1:
        raise _unsupported(change.frozen)
    made = change.make(network, piece, command, index)
    parse_network(made.format())
    return made


def _check_element(piece: Node, tag: str, network: str) -> None:
    if piece.tag != tag:
        raise bad(f"unexpected element <{piece.tag}>, expecting <{tag}>, while updating network '{network}'")


def _unsupported(detail: str) -> VirtError:
    return VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail, ErrorDomain.NETWORK)


def _parse(xml: str) -> Node:
    try:
        return document.parse(xml, "network_update_xml", ErrorDomain.NETWORK)
    except VirtError as error:
        # Of all documents this one alone is named without parentheses.
        detail = (error.detail or "").replace("(network_update_xml)", "network_update_xml", 1)
        raise VirtError(error.code, detail, error.domain) from None
