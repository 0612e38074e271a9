"""What checks of several kinds of device share."""

from __future__ import annotations

from collections.abc import Iterable

from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.checks.refusal import unsupported

VIRTIO_OPTIONS = {
    "iommu": "iommu driver option",
    "ats": "ats driver option",
    "packed": "packed driver option",
    "page_per_vq": "page_per_vq option",
}


def refuse(rows: Iterable[tuple[object, str]]) -> None:
    """Refuse for the first of some reasons that holds.

    :param rows: whether each holds, and what is said then.
    :raises VirtError: CONFIG_UNSUPPORTED.
    """
    for holds, detail in rows:
        if holds:
            raise unsupported(detail)


def refuse_virtio_options(device: Node) -> None:
    """Refuse what only a virtio device's driver can be told (`virDomainCheckVirtioOptionsAreAbsent`)."""
    driver = device.find("driver")
    options = {} if driver is None else driver.attrs
    refuse((name in options, f"{what} is only supported for virtio devices") for name, what in VIRTIO_OPTIONS.items())


def positive(node: Node, path: str, name: str) -> bool:
    """Whether an attribute holds a number above zero."""
    text = node.get(name) if not path else node.value(path, name)
    return text is not None and text.isdecimal() and int(text) > 0
