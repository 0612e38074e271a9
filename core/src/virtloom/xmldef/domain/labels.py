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
    for label in given:
        check_label(label)
    models = [label.get("model") for label in given]
    for named in models:
        if named is not None and models.count(named) > 1:
            detail = f"seclabel for model {named} is already provided"
            raise VirtError(ErrorCode.XML_DETAIL, detail, ErrorDomain.DOMAIN)
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


def check_label(label: Node) -> None:
    """Refuse a label that says what no label of its type can (`virSecurityLabelDefParseXML`).

    :raises VirtError: CONFIG_UNSUPPORTED, or XML_ERROR for one that lacks what it is about.
    """
    kind, relabel, text = label.get("type") or "dynamic", label.get("relabel"), label.find("label")
    if kind == "dynamic" and relabel == "no":
        raise _unsupported("dynamic label type must use resource relabeling")
    if kind == "none" and relabel == "yes":
        raise _unsupported("resource relabeling is not compatible with 'none' label type")
    if kind == "static" and label.get("model") != NO_MODEL and (text is None or not text.text.strip()):
        raise _refused("security label is missing")


def _unsupported(detail: str) -> VirtError:
    return VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.DOMAIN)


def _refused(detail: str) -> VirtError:
    return VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.DOMAIN)
