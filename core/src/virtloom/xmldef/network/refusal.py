"""The errors that documents of networks end in; some parts speak for no driver, as libvirt's do."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError


def bad(detail: str, domain: ErrorDomain = ErrorDomain.NETWORK) -> VirtError:
    """The document says what cannot be."""
    return VirtError(ErrorCode.XML_ERROR, detail, domain)


def bad_detail(detail: str, domain: ErrorDomain = ErrorDomain.NETWORK) -> VirtError:
    """The same, under the code whose sentence is the detail alone."""
    return VirtError(ErrorCode.XML_DETAIL, detail, domain)


def unsupported(detail: str, domain: ErrorDomain = ErrorDomain.NETWORK) -> VirtError:
    """The document asks for what there is not."""
    return VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, domain)


def internal(detail: str, domain: ErrorDomain = ErrorDomain.NETWORK) -> VirtError:
    """What libvirt tells as an internal error though it is the document's."""
    return VirtError(ErrorCode.INTERNAL_ERROR, detail, domain)


def invalid(detail: str) -> VirtError:
    """The network as it is does not admit the change."""
    return VirtError(ErrorCode.OPERATION_INVALID, detail, ErrorDomain.NETWORK)
