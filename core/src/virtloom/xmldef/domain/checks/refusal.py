"""The error of a definition that cannot be."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError


def unsupported(detail: str) -> VirtError:
    """What libvirt could not do, were it asked to."""
    return VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.DOMAIN)


def malformed(detail: str) -> VirtError:
    """What no domain can be."""
    return VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.DOMAIN)


def invalid(detail: str) -> VirtError:
    """What does not go together, where libvirt gives the whole sentence."""
    return VirtError(ErrorCode.XML_DETAIL, detail, ErrorDomain.DOMAIN)


def wrong(detail: str) -> VirtError:
    """What libvirt calls an invalid argument, though it is the document's."""
    return VirtError(ErrorCode.INVALID_ARG, detail, ErrorDomain.DOMAIN)


def internal(detail: str) -> VirtError:
    """What libvirt calls an internal error, though it is the document's."""
    return VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.DOMAIN)
