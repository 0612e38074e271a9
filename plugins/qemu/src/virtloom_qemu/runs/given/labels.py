"""The label of a run: whom its process runs as, and whether its files are given to that user (`<seclabel>`)."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.process.identity import Identity

MODEL = "dac"
MODELS = (MODEL, "none")


def labelled(definition: Domain, default: Identity) -> Domain:
    """A definition with the labels of one run (`virSecurityManagerGenLabel`).

    :param default: whom it runs as if it does not say.
    :raises VirtError: CONFIG_UNSUPPORTED for a security driver that there is not, INTERNAL_ERROR for a label that is
        missing.
    """
    labels = definition.seclabel
    for one in labels:
        if one.get("model") not in MODELS:
            detail = f"Security driver model '{one.get('model')}' is not available"
            raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail)
    own = [one for one in labels if one.get("model") == MODEL]
    if not own:
        own = [Node("seclabel", {"type": "dynamic", "model": MODEL, "relabel": "yes"})]
        labels = (*labels, *own)
    made = _made(own[0], definition.name, default)
    return definition.replace(seclabel=tuple(made if one is own[0] else one for one in labels))


def _made(label: Node, name: str, default: Identity) -> Node:
    kind = label.get("type") or "dynamic"
    if kind == "none":
        return label
    made = label.copy()
    made.attrs["type"] = kind
    text = _text(label, "label")
    if kind == "static" and text is None:
        detail = f"missing label for static security driver in domain {name}"
        raise VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.SECURITY)
    if kind == "dynamic":
        made.drop("label")
        made.drop("imagelabel")
        text = default.label
        made.children.insert(0, Node("label", {}, text))
    made.attrs.setdefault("relabel", "yes")
    if made.attrs["relabel"] == "yes" and made.find("imagelabel") is None:
        made.children.insert(1, Node("imagelabel", {}, text or ""))
    return made


def identity_of(live: Domain, default: Identity) -> Identity:
    """Whom a run's process runs as.

    :raises VirtError: INVALID_ARG for a user or a group that there is not.
    """
    for one in live.seclabel:
        text = _text(one, "label")
        if one.get("model") == MODEL and text is not None:
            return Identity.of_label(text)
    return default


def relabels(live: Domain) -> bool:
    """Whether a run's files are given to its user."""
    own = [one for one in live.seclabel if one.get("model") == MODEL]
    return bool(own) and own[0].get("type") != "none" and own[0].get("relabel") != "no"


def _text(label: Node, tag: str) -> str | None:
    element = label.find(tag)
    return None if element is None else element.text.strip()
