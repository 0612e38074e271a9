"""Labels of a guest's processes and files, by the security models of the host (`virSecurityLabelDefsParseXML`)."""

from __future__ import annotations

from collections.abc import Iterable

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node

NO_MODEL = "none"


def with_model(labels: Iterable[Node], model: str) -> tuple[Node, ...]:
    """The labels of a definition; one that names no model is of the host's.

    :param model: the host's, `none` if nothing confines processes there.
    :raises VirtError: XML_ERROR for a label that is of no model and was given by hand, or is one of several.
    """
    given = tuple(labels)
    if len(given) > 1 and any(label.get("model") is None for label in given):
        raise _refused("missing security model when using multiple labels")
    if len(given) != 1 or given[0].get("model") is not None:
        return given
    label = given[0]
    if label.get("type") == "static" or label.find("baselabel") is not None:
        raise _refused("missing security model in domain seclabel")
    if model == NO_MODEL:
        return (Node("seclabel", {"type": "none", "model": NO_MODEL}),)
    made = Node("seclabel", {**label.attrs, "model": model}, label.text, label.line)
    made.children = list(label.children)
    return (made,)


def _refused(detail: str) -> VirtError:
    return VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.DOMAIN)
