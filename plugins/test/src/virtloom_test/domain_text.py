"""A domain's definition as text: what a running one shows besides, and what is shown to those who may see secrets."""

from __future__ import annotations

from virtloom.xmldef.document import Node, write
from virtloom.xmldef.domain.definition import Domain


def domain_node(definition: Domain, number: int, *, secure: bool = False, inactive: bool = False) -> Node:
    """The definition as an element.

    :param number: the domain's id; negative if it does not run.
    :param secure: whether passwords are shown.
    :param inactive: whether what holds for one run alone is left out.
    """
    shown = definition.replace(id=number if number >= 0 and not inactive else None)
    if not secure:
        bare = tuple(one.replace(passwd=None, passwd_valid_to=None) for one in shown.parts.graphics)
        shown = shown.with_devices(graphics=bare)
    return shown.node()


def domain_text(definition: Domain, number: int, *, secure: bool = False, inactive: bool = False) -> str:
    """The definition as libvirt writes it; parameters as `domain_node`."""
    return write(domain_node(definition, number, secure=secure, inactive=inactive))
