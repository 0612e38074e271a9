"""A domain's definition as text: what a running one shows besides, and what is shown to those who may see secrets."""

from __future__ import annotations

from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.formatting import format_domain


def domain_node(definition: Domain, *, secure: bool = False) -> Node:
    """The definition as an element of another document, a snapshot's or a checkpoint's.

    :param secure: whether passwords are shown.
    """
    shown = definition.replace(id=None)
    return (shown if secure else shown.without_secrets()).node()


def domain_text(definition: Domain, number: int, *, secure: bool = False, inactive: bool = False) -> str:
    """The definition as libvirt writes it.

    :param number: the domain's id; negative if it does not run.
    :param inactive: whether what holds for one run alone is left out.
    """
    shown = definition if definition.id is None else definition.replace(id=None)
    return format_domain(shown, secure=secure, inactive=inactive, id=number if number >= 0 else None)
