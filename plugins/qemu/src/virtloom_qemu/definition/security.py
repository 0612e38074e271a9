"""Labels of the guest, where no security module confines it (`virSecurityLabelDefsParseXML`)."""

from __future__ import annotations

from virtloom.xmldef.domain.labels import NO_MODEL, with_model
from virtloom_qemu.definition.guest import Guest


def security_labels(guest: Guest) -> None:
    """A label of no model is of the host's, which has none.

    :raises VirtError: XML_ERROR for a label that only a security module could give.
    """
    given = list(guest.root.all("seclabel"))
    for old, new in zip(given, with_model(given, NO_MODEL), strict=True):
        old.attrs, old.children = new.attrs, new.children
