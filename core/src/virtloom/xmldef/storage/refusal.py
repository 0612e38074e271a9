"""The errors of these documents, in one form."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError


def bad(detail: str) -> VirtError:
    """An XML_ERROR of the storage parser."""
    return VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.STORAGE)


def unsupported(detail: str, domain: ErrorDomain = ErrorDomain.STORAGE) -> VirtError:
    """A CONFIG_UNSUPPORTED of the storage parser."""
    return VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, domain)
