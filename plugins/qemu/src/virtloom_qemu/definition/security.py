"""Labels of the guest, where no security module confines it (`virSecurityLabelDefsParseXML`)."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom_qemu.definition.guest import Guest


def security_labels(guest: Guest) -> None:
    """A label of no model is of the host's, which has none.

    :raises VirtError: XML_ERROR for a label that only a security module could give.
    """
    labels = list(guest.root.all("seclabel"))
    if len(labels) > 1 and any(label.get("model") is None for label in labels):
        raise _refuse("missing security model when using multiple labels")
    if len(labels) != 1 or labels[0].get("model") is not None:
        return
    label = labels[0]
    if label.get("type") == "static" or label.find("baselabel") is not None:
        raise _refuse("missing security model in domain seclabel")
    label.attrs = {"type": "none", "model": "none"}
    label.children = []


def _refuse(detail: str) -> VirtError:
    return VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.DOMAIN)
