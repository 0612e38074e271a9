"""The error of a guest that QEMU could not run."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError


def unsupported(detail: str) -> VirtError:
    """What this QEMU cannot do."""
    return VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.QEMU)


def internal(detail: str) -> VirtError:
    """What libvirt calls an internal error, though it is the document's."""
    return VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.QEMU)


def malformed(detail: str) -> VirtError:
    """What no guest can be."""
    return VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.QEMU)
