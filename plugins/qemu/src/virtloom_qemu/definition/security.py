"""Labels of the guest, where no security module confines it (`virSecurityLabelDefsParseXML`)."""

from __future__ import annotations

from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.labels import NO_MODEL, with_model
from virtloom_qemu.capabilities import Emulator


def security_labels(domain: Domain, emulator: Emulator) -> Domain:
    """A label of no model is of the host's, which has none.

    :raises VirtError: XML_ERROR for a label that only a security module could give.
    """
    return domain.replace(seclabel=with_model(domain.seclabel, NO_MODEL))
